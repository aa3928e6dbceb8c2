"""What people have from Caffe: networks (prototxt), weights (caffemodel), mean pictures and databases of pictures.

Files are read as data, and only the parts of Caffe's messages that are needed are declared here; Caffe itself is not
needed. Binary files need the package ``protobuf``, databases ``lmdb``; both are imported when a file is read.
"""
