python examples/draw_shapes.py shapes 60
mkdir some
cp -r shapes/circle shapes/square some
digits dataset create some some --size 28x28 --channels 1
digits dataset create all shapes --size 28x28 --channels 1
digits train some lenet --name two --epochs 3 --lr 0.003
digits train all --from two@best --name three --epochs 3 --lr 0.001
digits train all --from two@best --name head --freeze 'conv*' --freeze fc1 --epochs 2 --lr 0.01
digits train all --from head --name whole --epochs 1 --lr 0.001
digits train all --from three --backend numpy --name again --epochs 1 --lr 0.0003
digits job delete two
digits job show three
