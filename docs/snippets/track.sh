python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --backend numpy --batch 16 --epochs 2 --name drawn --track tensorboard --track csv
digits job show drawn
digits train --file $SNIPPETS/track.yaml
