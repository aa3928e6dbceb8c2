python examples/draw_shapes.py shapes 30
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --backend numpy --epochs 1 --name first
digits job describe first --description "The baseline: nothing is augmented." --tag baseline --tag shapes
digits dataset describe shapes --description "Drawn by a program." --tag toy
digits job show first
digits trash put job first
digits trash list
digits trash restore job-first
digits trash empty --older-than-days 30
