python examples/draw_shapes.py shapes 80
digits dataset create shapes shapes --size 28x28 --channels 1 --val 20
digits train shapes lenet --name first --backend numpy --epochs 2 --batch 16 --solver adam --lr 0.001

digits classify first shapes/circle/0000.png shapes/triangle/0001.png
digits classify first shapes --by-folder -o found.csv

cat > some.txt <<LIST
shapes/circle/0001.png circle
shapes/square/0001.png 1
shapes/square/0002.png
shapes/triangle/0001.png pyramid
LIST
digits classify first some.txt --top 2

digits classify first --dataset shapes --split val --json > val.json

digits evaluate first -o classes.csv --confusion confusion.png

digits top first --count 5 -o mosaic.png
digits top first shapes --split train --class circle --class square -o best.csv
