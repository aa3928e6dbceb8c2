digits parity lenet --backends torch --precision fp32 --solver adam --steps 10 -o lenet-fp32.json
digits parity resnet-18:width=8 --backends torch --size 40x32 --classes 5 --devices cpu --steps 4
