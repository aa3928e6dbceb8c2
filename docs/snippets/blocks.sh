python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
cp "$SNIPPETS/blocks.yaml" .
digits network show blocks.yaml
digits network draw blocks.yaml --out blocks.svg
digits train shapes blocks.yaml --solver adam --lr 0.003 --epochs 2
