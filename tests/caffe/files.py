"""Writing what Caffe writes: caffemodels, mean pictures, databases."""

import numpy as np
import pytest

from digits_caffe.messages import message_class

lmdb = pytest.importorskip("lmdb", reason="databases of Caffe need lmdb, which is not installed here")
pytest.importorskip("google.protobuf", reason="binary files of Caffe need protobuf, which is not installed here")


def blob(array, old=False):
    """An array as a blob; in the old form four numbers are its shape."""
    message = message_class("BlobProto")(data=[np.asarray(array, "<f4").tobytes()])
    if not old:
        message.shape.dim.extend(np.shape(array))
        return message
    shape = (1,) * (4 - np.ndim(array)) + np.shape(array)
    message.num, message.channels, message.height, message.width = shape
    return message


def write_caffemodel(path, weights, old=False):
    """Weights by layer in either syntax."""
    net = message_class("NetParameter")()
    for name, arrays in weights.items():
        layer = (net.layers if old else net.layer).add(name=name.encode())
        layer.blobs.extend(blob(array, old) for array in arrays)
    path.write_bytes(net.SerializeToString())
    return path


def write_database(folder, datums, keys=None):
    """A database of datums, each a mapping of fields."""
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=2**24) as database, database.begin(write=True) as transaction:
        for index, fields in enumerate(datums):
            key = keys[index] if keys else f"{index:08d}_picture".encode()
            transaction.put(key, message_class("Datum")(**fields).SerializeToString())
    return folder


def raw(picture, label):
    """The fields of a datum with the pixels of a picture ``[H, W, 3]`` in RGB order, or ``[H, W]``."""
    planes = picture[None] if picture.ndim == 2 else picture[:, :, ::-1].transpose(2, 0, 1)
    channels, height, width = planes.shape
    return {"channels": channels, "height": height, "width": width, "data": planes.tobytes(), "label": label}
