python examples/draw_shapes.py shapes 40
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --backend numpy --epochs 2 --name first --solver adamw --lr 0.0005 --decay-on kernels
digits train shapes lenet --backend numpy --epochs 2 --name steady --solver rmsprop --average 0.99
digits train shapes lenet --backend numpy --epochs 2 --name held --freeze 'conv*'
digits train shapes lenet --backend numpy --epochs 1 --name large --batch 48 --solver lars --set solver.trust=0.002
