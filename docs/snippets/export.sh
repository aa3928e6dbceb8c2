python examples/draw_shapes.py shapes
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --name first --epochs 2 --backend numpy

digits export --list
digits export first --to onnx -o first.onnx
digits export first --to onnx -o small.onnx --precision int8 --calibrate shapes:train

digits export first --to openvino -o first-openvino
