python examples/draw_shapes.py shapes

digits dataset create shapes shapes --size 28x28 --channels 1 --val 20

digits dataset explore shapes --out sheet.png

digits network show lenet --dataset shapes
digits network draw lenet --dataset shapes --out lenet.svg

digits train shapes lenet --name first --backend torch --epochs 12 --solver adam --lr 0.001

digits train shapes lenet --name second --backend jax --epochs 12 --solver adam --lr 0.001
digits job list

digits classify first@best shapes/circle/0000.png shapes/triangle/0001.png --top 2
