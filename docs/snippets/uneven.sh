python examples/draw_shapes.py shapes 60
find shapes/square -name '*.png' | sort | tail -n +11 | xargs rm
digits dataset create uneven shapes --size 28x28 --channels 1
digits train uneven lenet --backend numpy --epochs 2 --batch 16 --class-weights balanced
digits train uneven lenet --backend numpy --epochs 2 --batch 16 --sampling balanced
digits train uneven lenet --backend numpy --epochs 2 --batch 16 --label-smoothing 0.1 --mixup 0.2 --cutmix 1
