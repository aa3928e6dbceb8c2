python examples/draw_shapes.py shapes 40
digits dataset create shapes shapes --size 28x28 --channels 1 --encoding raw
digits dataset explore shapes --augment flip=lr,rotate=10,scale=0.07,noise=0.03 --out augmented.png

digits train shapes lenet --name augmented --backend numpy --epochs 1 --augment flip=lr,rotate=10,scale=0.07,noise=0.03

digits dataset explore shapes --job augmented --label circle --out seen.png
