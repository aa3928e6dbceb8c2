python examples/draw_shapes.py shapes 40
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --backend numpy --batch auto --epochs 1
digits network show lenet --dataset shapes
