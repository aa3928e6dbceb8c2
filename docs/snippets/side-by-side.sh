python examples/draw_shapes.py shapes 30
digits dataset create shapes shapes --size 28x28 --channels 1 --detach
digits train shapes lenet --backend numpy --epochs 2 --name first --detach
digits train shapes lenet --backend numpy --epochs 2 --name urgent --priority 5 --detach
digits job watch first urgent
digits job list
digits job show urgent
digits evaluate urgent --split val
