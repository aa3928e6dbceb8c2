python examples/draw_shapes.py shapes 60
digits dataset create shapes shapes --size 28x28 --channels 1
cp "$SNIPPETS/branchy.yaml" .
digits network check branchy.yaml
digits network draw branchy.yaml --out branchy.svg
digits train shapes branchy.yaml --epochs 2
