python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
cp "$SNIPPETS/mynet.py" .
digits train shapes mynet.py --backend torch --name mine --epochs 3 --solver adam --lr 0.003
digits classify mine shapes/*/*0.png
