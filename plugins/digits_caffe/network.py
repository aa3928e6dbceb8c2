"""From a prototxt file to a graph: blobs become layers, in-place layers a chain, pairs of layers one.

Layers that only measure are left out; the softmax at the end too, since losses and classification apply it themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from digits_caffe.conversion import Conversion, Origin, read_by
from digits_caffe.layers import STATES, CaffeLayer, included_layers
from digits_caffe.pictures import SHAPES, Pictures, find_pictures
from digits_caffe.prototxt import Message, read_prototxt
from digits_core.errors import NetworkInvalid, require
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.ops import Input
from digits_core.spec.model import NAME_PATTERN

#: Of pictures about whose size a file says nothing: what DIGITS took.
USUAL_SIZE = NetworkInput(channels=3, height=256, width=256, classes=10)


@dataclass(frozen=True, slots=True)
class Described:
    """A prototxt file that was read, before its layers are understood.

    Attributes:
        name: What the network is called, in letters that names may have.
        layers: The layers that compute, measure or lose.
        pictures: The blob of pictures, its size as far as it is known.
        file: The file.
    """

    name: str
    layers: tuple[CaffeLayer, ...]
    pictures: Pictures
    file: str


@dataclass(frozen=True, slots=True)
class CaffeNetwork:
    """A network of Caffe, understood.

    Attributes:
        graph: It, with every shape known.
        origins: For each layer with weights the layers of Caffe that they are found by.
        notes: What a person should know, each a sentence.
    """

    graph: Graph
    origins: tuple[Origin, ...]
    notes: tuple[str, ...]


def describe(path: Path) -> Described:
    """Read the file ``path`` and find out what pictures it takes.

    Raises:
        NetworkInvalid: If it is no prototxt, or not of a network that takes pictures.
    """
    net = read_prototxt(path)
    if not (net.has("layer") or net.has("layers")):
        hint = "Give the prototxt of a network; a solver names it in its field net."
        raise NetworkInvalid(f"{path.name} describes no layers.", where=str(path), hint=hint)
    for state in STATES:
        layers = included_layers(net, state)
        entering = find_pictures(net, layers)
        if entering:
            break
    computing = tuple(layer for layer in layers if layer.type not in SHAPES)
    pictures = _pictures(path, entering, computing)
    return Described(_name(net, path), computing, pictures, str(path))


def input_of(pictures: Pictures, width: int | None = None, height: int | None = None) -> Input:
    """The input operation for pictures, where wanted of another size than the file says.

    Raises:
        NetworkInvalid: If they are no pictures.
    """
    if len(pictures.shape) != 3:
        raise NetworkInvalid(
            f"{pictures.blob} expects pictures [C, H, W], found {len(pictures.shape)} dimensions.",
            where=pictures.where,
            hint="Networks of features are not imported.",
        )
    channels, said_height, said_width = pictures.shape
    sizes = (
        channels or USUAL_SIZE.channels,
        height or said_height or USUAL_SIZE.height,
        width or said_width or USUAL_SIZE.width,
    )
    if min(sizes) < 1 or pictures.scale <= 0:
        found = f"{sizes[0]}x{sizes[1]}x{sizes[2]}, scale {pictures.scale:g}"
        message = f"{pictures.blob} expects positive numbers for size and scale, found {found}."
        raise NetworkInvalid(message, where=pictures.where, hint="Correct the numbers.")
    return Input(channels=sizes[0], height=sizes[1], width=sizes[2], scale=pictures.scale)


def convert(described: Described, input: Input) -> CaffeNetwork:
    """The network for ``input``.

    Raises:
        NetworkInvalid: With every layer that cannot be imported, and its line.
    """
    conversion = Conversion(described.name, described.layers, described.pictures.blob, input)
    for index in range(len(described.layers)):
        conversion.take(index)
    require(conversion.problems, NetworkInvalid)
    graph = conversion.graph(described.file)
    kept = {layer.name for layer in graph.layers}
    origins = tuple(origin for origin in conversion.origins if origin.name in kept)
    return CaffeNetwork(graph, origins, (*conversion.notes, *_picture_notes(described.pictures)))


def _pictures(path: Path, entering: Sequence[Pictures], layers: Sequence[CaffeLayer]) -> Pictures:
    """The one blob that layers compute with; labels are only measured with."""
    used = {blob for layer in layers for blob in read_by(layer)}
    found = list({pictures.blob: pictures for pictures in entering if pictures.blob in used}.values())
    if len(found) != 1:
        names = " and ".join(pictures.blob for pictures in found) or "none"
        where = found[1].where if found else str(path)
        hint = (
            "Networks with one input are imported." if found else "Add a layer of type Input, or input: and input_dim:."
        )
        raise NetworkInvalid(f"{path.name} expects one blob of pictures, found {names}.", where=where, hint=hint)
    return found[0]


def _name(net: Message, path: Path) -> str:
    for name in (net.text("name"), path.stem):
        tidy = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:100]
        if re.fullmatch(NAME_PATTERN, tidy):
            return tidy
    return "network"


def _picture_notes(pictures: Pictures) -> list[str]:
    notes = []
    if None in pictures.shape:
        size = input_of(pictures)
        notes.append(
            f"The file leaves the size of its pictures open: {size.channels} channels of {size.width}x{size.height} "
            "are taken until a dataset says another."
        )
    if pictures.crop:
        notes.append(f"Training cut squares of {pictures.crop} pixels: train with --crop {pictures.crop}.")
    if pictures.mirror:
        notes.append("Training mirrored every other picture.")
    return notes
