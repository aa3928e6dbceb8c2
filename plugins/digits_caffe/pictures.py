"""What a network says about the pictures it takes: their size, and what becomes of them before the first layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from digits_caffe.layers import CaffeLayer
from digits_caffe.prototxt import Message


@dataclass(frozen=True, slots=True)
class Pictures:
    """A blob that pictures or labels come from.

    Attributes:
        blob: Its name.
        where: Its place in the file.
        shape: Channels, height and width, as far as the file says them; other numbers are no pictures.
        scale: Factor after the mean is subtracted.
        mean: What is subtracted from each channel, in BGR order like all that Caffe does.
        mean_file: The file of the mean picture that training subtracted.
        crop: The side of the squares that training cut out; 0: none.
        mirror: Whether training mirrored every other picture.
    """

    blob: str
    where: str
    shape: tuple[int | None, ...] = (None, None, None)
    scale: float = 1.0
    mean: tuple[float, ...] = ()
    mean_file: str = ""
    crop: int = 0
    mirror: bool = False


_UNKNOWN = (None, None, None)


def find_pictures(net: Message, layers: Sequence[CaffeLayer]) -> list[Pictures]:
    """Everything that enters the network, in the order of the file."""
    found = _declared(net)
    for layer in layers:
        if layer.type in SHAPES:
            found += _given(layer)
    return found


def _declared(net: Message) -> list[Pictures]:
    """``input: "data" input_dim: 1 input_dim: 3 …``, or with ``input_shape { dim: 1 … }``."""
    names, dims = net.texts("input"), net.integers("input_dim")
    shapes = [message.integers("dim") for message in net.messages("input_shape")] or [
        dims[start : start + 4] for start in range(0, len(dims), 4)
    ]
    where = f"{net.file}, line {net.line_of('input')}"
    return [
        Pictures(name, where, shapes[index][1:] if index < len(shapes) else _UNKNOWN)
        for index, name in enumerate(names)
    ]


def _given(layer: CaffeLayer) -> list[Pictures]:
    shapes = SHAPES[layer.type](layer)
    given = [
        _transformed(layer, Pictures(top, layer.where, shapes[index] if index < len(shapes) else _UNKNOWN))
        for index, top in enumerate(layer.tops)
    ]
    # Labels come second, and nothing is done to them.
    return given if layer.type in ("Input", "DummyData") else given[:1] + [Pictures(p.blob, p.where) for p in given[1:]]


def _transformed(layer: CaffeLayer, pictures: Pictures) -> Pictures:
    # Until 2014 these fields stood in the parameters of the layer itself.
    fields = [
        field
        for name in ("data_param", "image_data_param", "window_data_param", "transform_param")
        for field in layer.param(name).fields
    ]
    said = Message(tuple(fields), layer.message.file, layer.message.line)
    crop = said.integer("crop_size", 0)
    channels = 1 if said.flag("force_gray", False) else 3 if said.flag("force_color", False) else None
    mean = said.numbers("mean_value")
    shape = pictures.shape
    if len(shape) == 3:
        shape = (shape[0] or channels or (3 if len(mean) == 3 else None), crop or shape[1], crop or shape[2])
    return replace(
        pictures,
        shape=shape,
        scale=said.number("scale", 1),
        mean=mean,
        mean_file=said.text("mean_file"),
        crop=crop,
        mirror=said.flag("mirror", False),
    )


def _of_input(layer: CaffeLayer) -> list[tuple[int | None, ...]]:
    return [shape.integers("dim")[1:] for shape in layer.param("input_param").messages("shape")]


def _of_dummies(layer: CaffeLayer) -> list[tuple[int | None, ...]]:
    param = layer.param("dummy_data_param")
    old = zip(*(param.integers(name) for name in ("channels", "height", "width")), strict=False)
    return [shape.integers("dim")[1:] for shape in param.messages("shape")] or list(old)


def _of_memory(layer: CaffeLayer) -> list[tuple[int | None, ...]]:
    param = layer.param("memory_data_param")
    return [tuple(param.integer(name, 0) or None for name in ("channels", "height", "width"))]


def _of_files(layer: CaffeLayer) -> list[tuple[int | None, ...]]:
    param = layer.param("image_data_param")
    colours = 3 if param.flag("is_color", True) else 1
    return [(colours, param.integer("new_height", 0) or None, param.integer("new_width", 0) or None)]


def _unsaid(layer: CaffeLayer) -> list[tuple[int | None, ...]]:
    return [_UNKNOWN]


#: Types of layers that bring pictures and labels, and what they say about the size: channels, height, width by top.
SHAPES: dict[str, Callable[[CaffeLayer], list[tuple[int | None, ...]]]] = {
    "Input": _of_input,
    "Data": _unsaid,
    "ImageData": _of_files,
    "HDF5Data": _unsaid,
    "MemoryData": _of_memory,
    "DummyData": _of_dummies,
    "WindowData": _unsaid,
}
