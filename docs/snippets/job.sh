python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
cp "$SNIPPETS/job.yaml" .
digits train --file job.yaml --backend numpy --name from-file --json > result.json
python -c 'import json; assert json.load(open("result.json"))["state"] == "done"'
python "$SNIPPETS/service.py"
