python examples/draw_shapes.py shapes 40
digits dataset create shapes shapes --size 28x28 --channels 1
digits network show resnet-50:zero_init=true
digits network check 'alexnet:filters=[48,128,192,192,128],hidden=1024'
digits train shapes resnet-18:small_pictures=true,width=4 --epochs 1
