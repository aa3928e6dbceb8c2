"""Which part of a picture a class is seen in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.contracts.backend import Backend, BuildContext
from digits_core.contracts.runtime import Runtime
from digits_core.dataset.progress import Progress
from digits_core.errors import CapabilityMissing
from digits_core.graph.graph import MEAN, Graph
from digits_core.inference.classify import softmax
from digits_core.inference.model import Model
from digits_core.inference.predicting import BATCH
from digits_core.spec.inspection import SaliencyMethod
from digits_core.spec.solver import Sgd

Pixels: TypeAlias = npt.NDArray[np.uint8]

#: The window of occlusion is this part of the shorter side, and moves by a half of itself.
WINDOW = 5


@dataclass(frozen=True, slots=True)
class Saliency:
    """What counts for a class.

    Attributes:
        method: How it was found.
        label: Number of the class.
        probability: Of the class, for the picture as it is.
        values: Of every place of a coarse grid: by how much the probability falls when it is hidden (occlusion), or
            what its features add to the logit, negative sums as 0 (Grad-CAM).
        pixels: The same for every pixel, ``[H, W]``.
        layer: Whose features were asked (Grad-CAM); empty otherwise.
        window: Side of what was hidden in pixels (occlusion); 0 otherwise.
    """

    method: SaliencyMethod
    label: int
    probability: float
    values: npt.NDArray[np.float64]
    pixels: npt.NDArray[np.float64]
    layer: str = ""
    window: int = 0


def occlusion(model: Model, pixels: Pixels, label: int, runtime: Runtime, progress: Progress) -> Saliency:
    """Hide one part of the picture after the other, and see how the probability of a class falls.

    A window moves over the picture by a half of its side; what it hides becomes the mean that the network subtracts,
    else mid-gray. A pixel has the mean of the falls of all windows that hide it.
    Source: Zeiler, Fergus, *Visualizing and Understanding Convolutional Networks*, 2014,
    https://arxiv.org/abs/1311.2901.

    Args:
        model: The network with its weights.
        pixels: The picture, uint8 ``[H, W, C]``.
        label: Number of the class.
        runtime: Who computes; no gradients are needed.
        progress: Is told of every picture.
    """
    height, width = pixels.shape[:2]
    window = max(1, round(min(height, width) / WINDOW))
    rows, columns = (_starts(size, window) for size in (height, width))
    places = [(row, column) for row in rows for column in columns]
    progress.start(len(places) + 1, "Occlusion")
    predictor = runtime.load(model.graph, model.arrays)
    chances: list[float] = []
    try:
        for batch in _batches(pixels, _ground(model), places, window):
            chances += softmax(predictor.predict(batch)[model.graph.output])[:, label].tolist()
            progress.advance(len(batch))
    finally:
        predictor.close()
    falls = chances[0] - np.array(chances[1:])
    total, seen = np.zeros((height, width)), np.zeros((height, width))
    for (row, column), fall in zip(places, falls.tolist(), strict=True):
        total[row : row + window, column : column + window] += fall
        seen[row : row + window, column : column + window] += 1
    values = falls.reshape(len(rows), len(columns))
    return Saliency("occlusion", label, chances[0], values, total / seen, window=window)


def grad_cam(model: Model, pixels: Pixels, label: int, backend: Backend, layer: str = "") -> Saliency:
    """Where the features of a layer speak for a class.

    ``max(0, Σ_k α_k·A_k)`` over the channels k of an activation A, α_k being the mean over all places of the gradient
    of the class's logit by A_k; brought to the size of the picture bilinearly.
    Source: Selvaraju et al., *Grad-CAM*, 2017, https://arxiv.org/abs/1610.02391.

    Args:
        model: The network with its weights.
        pixels: The picture, uint8 ``[H, W, C]``.
        label: Number of the class.
        backend: Who computes, and tells gradients.
        layer: Whose features; empty: the last layer that still is a picture.

    Raises:
        CapabilityMissing: If the network has no such layer, or the backend tells no gradients.
        NetworkInvalid: If there is no layer of that name.
    """
    graph = model.graph
    layer = require_cam_layer(graph, layer)
    program = backend.build(graph, Sgd(), model.options, BuildContext(backend.devices()[0]))
    try:
        state = program.load(model.arrays)
        found = program.predict(state, pixels[None], [layer])
        slope = program.gradients(state, pixels[None], np.array([label], np.int32), [layer])[layer][0]
    finally:
        program.close()
    weights = slope.astype(np.float64).mean((1, 2))
    values = np.maximum(np.tensordot(weights, found[layer][0].astype(np.float64), 1), 0)
    chance = float(softmax(found[graph.output])[0, label])
    return Saliency("grad-cam", label, chance, values, _enlarged(values, pixels.shape[:2]), layer=layer)


def require_cam_layer(graph: Graph, name: str = "") -> str:
    """The layer whose features Grad-CAM asks.

    Args:
        graph: The network.
        name: A layer; empty: the last one on the way to the output that is a picture of several rows and columns.

    Raises:
        CapabilityMissing: If it is no picture, or leads not to the output; without a name, if there is none.
        NetworkInvalid: If there is no layer of that name.
    """
    leading = graph.needed_for([graph.output])[1:]
    named = graph.layer(name) if name else None
    for layer in reversed(leading) if named is None else [named]:
        if len(layer.output) == 3 and min(layer.output[1:]) > 1 and layer in leading:
            return layer.name
    raise CapabilityMissing(
        f"Grad-CAM expects a layer that is a picture [C, H, W] and leads to the output, found {named.name} "
        f"{list(named.output)}."
        if named
        else f"Grad-CAM expects a layer that is a picture, and network {graph.name} has none.",
        where="saliency",
        hint="Use --saliency occlusion, which works with any network." if named is None else "Name another layer.",
    )


def _starts(size: int, window: int) -> list[int]:
    """Where windows begin, the last one at the very end."""
    return [*range(0, size - window, (window + 1) // 2), size - window]


def _ground(model: Model) -> npt.NDArray[np.uint8]:
    """What a hidden pixel becomes, ``[H or 1, W or 1, C]``."""
    mean = model.arrays.get(MEAN)
    if mean is None:
        return np.full((1, 1, model.graph.input.channels), 128, np.uint8)
    return np.clip(mean, 0, 255).round().astype(np.uint8).transpose(1, 2, 0)


def _batches(pixels: Pixels, ground: Pixels, places: list[tuple[int, int]], window: int) -> Iterator[Pixels]:
    """The picture as it is, and with each place hidden, `BATCH` at a time."""
    hidden = np.broadcast_to(ground, pixels.shape)
    asked: list[tuple[int, int] | None] = [None, *places]
    for start in range(0, len(asked), BATCH):
        batch = np.repeat(pixels[None], len(asked[start : start + BATCH]), axis=0)
        for picture, place in zip(batch, asked[start : start + BATCH], strict=True):
            if place is not None:
                part = slice(place[0], place[0] + window), slice(place[1], place[1] + window)
                picture[part] = hidden[part]
        yield batch


def _enlarged(values: npt.NDArray[np.float64], size: tuple[int, ...]) -> npt.NDArray[np.float64]:
    image = Image.fromarray(values.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float64)
