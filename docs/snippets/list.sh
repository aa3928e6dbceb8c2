python examples/draw_shapes.py shapes 20
(echo path,label; for file in shapes/*/*.png; do echo "$file,$(basename "$(dirname "$file")")"; done) > pictures.csv
digits dataset create listed pictures.csv --size 28x28 --channels 1 --encoding raw
