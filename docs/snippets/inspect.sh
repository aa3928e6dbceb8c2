python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
digits train shapes lenet --name first --epochs 3 --lr 0.003
digits inspect first@best shapes/circle/0000.png -o inside.html
digits inspect first shapes/circle/0000.png --layers 'conv*' --layers 'relu*'
digits inspect first shapes/circle/0000.png --saliency occlusion --saliency grad-cam --class circle -o why.html
digits inspect first@epoch-1 shapes/circle/0000.png --compare first@epoch-3 -o both.html
digits inspect first shapes/circle/0000.png --backend numpy --compare-backend auto
digits inspect first shapes/circle/0000.png --out inside
digits inspect first shapes/circle/0000.png --json > inside.json
python -c 'import json; print({layer["name"]: layer["activation"]["zeros"] for layer in json.load(open("inside.json"))["layers"]})'
