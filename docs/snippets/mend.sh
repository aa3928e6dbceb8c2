python examples/draw_shapes.py shapes 120
mkdir some new
cp -r shapes/circle shapes/square some
cp -r shapes/triangle new
for number in 03 14 15 26 35 41 52 60; do mv some/square/00$number.png some/circle/wrong-$number.png; done
digits dataset create signs some --size 28x28 --channels 1 --val 50
digits train signs lenet --name first --epochs 20 --batch 16 --lr 0.01 --snapshot-every 0
digits errors first -o errors.csv --sheet errors.png
digits similar first shapes/triangle/0003.png -o similar.png
digits dataset relabel signs --file errors.csv --reason label
digits dataset exclude signs --file errors.csv --reason duplicate
digits dataset relabel signs 'circle/wrong-*=square'
digits dataset append signs new --val 50
digits dataset show signs --history
digits train signs --from first --name second --epochs 10 --batch 16 --lr 0.01 --snapshot-every 0
digits evaluate second
digits classify second shapes/triangle/0003.png
digits archive second -o second.tar.gz
digits archive verify second.tar.gz
tar -xf second.tar.gz use_archive.py
python use_archive.py second.tar.gz shapes/triangle/0003.png | tee receiver.txt
grep -q triangle receiver.txt
