"""The parts of Caffe's binary messages that are needed, under the field numbers that Caffe published.

Numbers are declared as ``bytes``: packed arrays of numbers look the same on the wire, and millions of weights become an
array without becoming Python objects first. Names are too, since those of a damaged file are no text.
Source: Caffe's ``caffe.proto``,
https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from digits_core.errors import PluginMissing

#: A class that protobuf makes, or a message of it; neither has types of its own.
MessageType: TypeAlias = Any

#: Messages, and of each the fields: name, number, kind; ``*`` marks what may occur several times.
MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "BlobShape": (("dim", 1, "int64*"),),
    "BlobProto": (
        ("num", 1, "int64"),
        ("channels", 2, "int64"),
        ("height", 3, "int64"),
        ("width", 4, "int64"),
        ("data", 5, "bytes*"),
        ("shape", 7, "BlobShape"),
        ("double_data", 8, "bytes*"),
    ),
    "Datum": (
        ("channels", 1, "int64"),
        ("height", 2, "int64"),
        ("width", 3, "int64"),
        ("data", 4, "bytes"),
        ("label", 5, "int64"),
        ("encoded", 7, "bool"),
    ),
    "LayerParameter": (("name", 1, "bytes"), ("blobs", 7, "BlobProto*")),
    "V1LayerParameter": (("name", 4, "bytes"), ("blobs", 6, "BlobProto*")),
    "NetParameter": (("layers", 2, "V1LayerParameter*"), ("layer", 100, "LayerParameter*")),
}
_PACKAGE = "digits_caffe"


def message_class(name: str) -> MessageType:
    """The class of the message ``name``."""
    return _classes()[name]


@cache
def _classes() -> dict[str, MessageType]:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as reason:  # The package google may be there without it, from others.
        hint = "Run: pip install 'digits[caffe]'"
        raise PluginMissing(f"Binary files of Caffe need protobuf: {reason}.", hint=hint) from None
    kinds: Any = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind in fields:
            label = kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL
            field = described.field.add(name=name, number=number, label=label)
            plain = kind.removesuffix("*")
            if plain in MESSAGES:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
            else:
                field.type = getattr(kinds, f"TYPE_{plain.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in MESSAGES
    }
