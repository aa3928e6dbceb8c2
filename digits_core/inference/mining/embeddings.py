"""Every picture of a split as a vector and probabilities."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digits_core.contracts.runtime import Predictor, Runtime
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.pipeline import map_in_order
from digits_core.dataset.progress import Progress
from digits_core.errors import CapabilityMissing
from digits_core.graph.graph import Graph
from digits_core.graph.native import native_of
from digits_core.graph.ops.weighted import Dense
from digits_core.inference.classify import softmax
from digits_core.inference.model import Model
from digits_core.inference.pictures import as_seen

#: Unit vectors, float16 ``[N, D]``: a cosine is off by a thousandth at most, and a search reads half as much.
Embeddings = npt.NDArray[np.float16]
#: Pictures that go through the network together.
BATCH = 64
#: Activations of more elements are averaged over their positions.
MOST_ELEMENTS = 4096


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model makes of pictures.

    Attributes:
        embeddings: Unit vectors, float16 ``[N, D]``.
        probabilities: float32 ``[N, classes]``.
    """

    embeddings: Embeddings
    probabilities: npt.NDArray[np.float32]


def embedding_layer(graph: Graph, wanted: str | None = None) -> str:
    """The layer whose activation stands for a picture: what the last dense layer takes, unless another is wanted.

    Without a dense layer it is what the last layer with weights takes; where that is the picture itself, and in native
    networks, it is the output.

    Raises:
        NetworkInvalid: If there is no layer of the wanted name.
        CapabilityMissing: If the network is native and has no layers to choose from.
    """
    if native_of(graph) is not None:
        if wanted not in (None, graph.output):
            message = f"Network {graph.name} is native, so its layers cannot be looked into, found layer {wanted}."
            raise CapabilityMissing(message, hint="Leave --layer out.")
        return graph.output
    if wanted is not None:
        return graph.layer(wanted).name
    weighted = [layer for layer in graph.needed_for([graph.output]) if layer.parameters and layer.inputs]
    dense = [layer for layer in weighted if isinstance(layer.op, Dense)]
    taken = (dense or weighted)[-1].inputs[0] if weighted else graph.output
    return graph.output if taken == graph.layers[0].name else taken


def unit_vectors(activations: npt.NDArray[np.floating]) -> Embeddings:
    """Activations ``[B, C, …]`` as vectors of length 1: flattened, or averaged over positions where they are large."""
    flat = activations.reshape(len(activations), -1).astype(np.float32)
    if flat.shape[1] > MOST_ELEMENTS:
        flat = activations.reshape(*activations.shape[:2], -1).astype(np.float32).mean(axis=2)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return (flat / np.where(lengths > 0, lengths, 1)).astype(np.float16)


class Observer:
    """Shows pictures to a model; a context that lets go of it.

    Args:
        model: The model.
        layer: The layer whose activation stands for a picture.
        runtime: Who computes.
    """

    def __init__(self, model: Model, layer: str, runtime: Runtime) -> None:
        self._model, self._layer = model, layer
        taps = () if layer == model.graph.output else (layer,)
        self._predictor: Predictor = runtime.load(model.graph, model.arrays, taps)

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *_: object) -> None:
        self._predictor.close()

    def see(self, pictures: Pixels) -> Seen:
        """What the model makes of pictures, uint8 ``[B, H, W, C]`` as its dataset keeps them."""
        found = self._predictor.predict(as_seen(pictures, self._model.graph.input))
        chances = softmax(found[self._model.graph.output]).astype(np.float32)
        return Seen(unit_vectors(found[self._layer]), chances)

    def see_all(self, reader: SplitReader, progress: Progress) -> Seen:
        """The same for every picture of a split, in order; the next ones are read meanwhile."""
        parts = [np.arange(start, min(start + BATCH, len(reader))) for start in range(0, len(reader), BATCH)]
        found: list[Seen] = []
        for pictures in map_in_order(reader.read, parts, threads=1, window=3, stop=threading.Event()):
            found.append(self.see(pictures))
            progress.advance(len(pictures))
        joined = (np.concatenate([getattr(part, name) for part in found]) for name in Seen.__slots__)
        return Seen(*joined)
