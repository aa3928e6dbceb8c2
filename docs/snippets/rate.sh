python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --backend numpy --batch 16 --epochs 2 --find-rate --name found
digits job show found --json | python -c "import json, sys; print(json.load(sys.stdin)['rate_curve']['rate'])"
digits job clone found --name larger --set batch=32 --set schedule.warmup=5 --scale-rate
