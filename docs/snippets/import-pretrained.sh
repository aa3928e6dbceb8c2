python "$SNIPPETS/random_squeezenet.py"
printf 'circle\nsquare\nstar\ntriangle\n' > labels.txt
python examples/draw_shapes.py shapes 20
digits model import squeeze squeezenet1_1.safetensors --labels labels.txt
digits classify squeeze shapes/circle/0000.png
digits dataset create shapes shapes --size 64x64
digits train shapes --from squeeze --name tuned --epochs 1 --batch 16 --lr 0.001
digits model list
digits model delete squeeze
