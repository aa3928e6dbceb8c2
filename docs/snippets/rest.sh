python examples/draw_shapes.py shapes 60
digits serve --port 0 > address &
server=$!
trap 'kill $server' EXIT
until [ -s address ]; do sleep 0.2; done
api=$(cat address)api/v1

curl -s $api/devices

python -m zipfile -c shapes.zip shapes/
upload=$(curl -s -F file=@shapes.zip $api/uploads | python -c 'import json, sys; print(json.load(sys.stdin)["id"])')
curl -s --json '{"name": "shapes", "paths": ["upload:'$upload'"], "width": 28, "height": 28, "channels": 1}' $api/datasets > making.json
job=$(python -c 'import json; print(json.load(open("making.json"))["job"])')
curl -sN $api/jobs/$job/events/stream > making.txt

curl -s --json '{"dataset": "shapes", "network": "lenett", "epochs": 0}' $api/jobs

curl -s --json '{"dataset": "shapes", "network": "lenet", "name": "first", "backend": "numpy", "epochs": 2,
  "solver": {"name": "sgd", "rate": 0.003}}' $api/jobs
curl -sN $api/jobs/first/events/stream > events.txt
last=$(grep ^id: events.txt | tail -1 | cut -d' ' -f2)
curl -sN -H "Last-Event-ID: $last" $api/jobs/first/events/stream

curl -s "$api/jobs?state=done&q=shapes&sort=-accuracy&size=20"
curl -s "$api/jobs/first/series?points=200" -o curves.json

tag=$(curl -s -D - -o job.json $api/jobs/first | grep -i ^etag: | cut -d' ' -f2 | tr -d '\r')
curl -s -o same -w '%{http_code}\n' -H "If-None-Match: $tag" $api/jobs/first
curl -s -X PATCH -H "If-Match: $tag" --json '{"tags": ["baseline"]}' $api/jobs/first

curl -s -F files=@shapes/circle/0000.png $api/models/first@best/classify/files
curl -s --json '{"picture": {"dataset": "shapes", "index": 3}, "layers": ["conv*"]}' $api/models/first/inspect/report -o inside.html
curl -s "$api/jobs/first/archive?snapshot=best" -o first.tar.gz
digits archive verify first.tar.gz
archive=$(curl -s -F file=@first.tar.gz $api/uploads | python -c 'import json, sys; print(json.load(sys.stdin)["id"])')
curl -s --json '{"file": "upload:'$archive'"}' $api/archives/verify

curl -s --json '{"format": "onnx", "precision": "fp16"}' $api/models/first@best/exports > exporting.json
job=$(python -c 'import json; print(json.load(open("exporting.json"))["job"])')
curl -sN $api/jobs/$job/events/stream > exporting.txt
curl -s $api/jobs/$job/result
curl -s $api/jobs/$job/result/file -o first-onnx.zip
python -m zipfile -t first-onnx.zip

curl -s -H 'Prefer: respond-async' "$api/models/first/top?count=3" > looking.json
job=$(python -c 'import json; print(json.load(open("looking.json"))["job"])')
curl -sN $api/jobs/$job/events/stream > looking.txt
curl -s $api/jobs/$job/result

curl -s --json '{"picture": {"dataset": "shapes", "split": "val", "index": 0}, "count": 3}' $api/models/first/similar

curl -s --json '{"dataset": "shapes", "network": "lenet", "backend": "numpy", "batch": 16}' $api/jobs/find-rate > rate.json
job=$(python -c 'import json; print(json.load(open("rate.json"))["job"])')
curl -sN $api/jobs/$job/events/stream > rate.txt
curl -s $api/jobs/$job/result

curl -s -X DELETE $api/jobs/first > gone.json
id=$(python -c 'import json; print(json.load(open("gone.json"))["id"])')
curl -s -X POST $api/trash/$id/restore
