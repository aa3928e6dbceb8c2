python examples/draw_shapes.py shapes 40
digits dataset create shapes shapes --size 28x28 --channels 1 --resize fill
digits train shapes lenet --name lenet --backend numpy --epochs 6 --batch 30 --solver adam --lr 0.001

digits archive lenet@best -o lenet.tar.gz --license CC-BY-4.0

python examples/classification/use_archive.py lenet.tar.gz shapes/triangle/0001.png

digits archive show lenet.tar.gz
digits archive verify lenet.tar.gz

digits classify lenet.tar.gz shapes/triangle/0001.png
digits archive lenet.tar.gz -o lenet.zip
mkdir lenet
tar -xf lenet.tar.gz -C lenet
python lenet/use_archive.py lenet shapes/triangle/0001.png
python lenet/example.py lenet/model.onnx shapes/triangle/0001.png
