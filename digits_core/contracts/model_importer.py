"""The model importer contract: files of another system in, a graph with its weights out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.spec.dataset import PictureForm, Resize
from digits_core.spec.imported import Normalization

#: Builds a network by the name of its family or by its file; without an input, for the one it was published for.
#: Raises `NameUnknown` and `NetworkInvalid`.
NetworkMaker: TypeAlias = Callable[[str, NetworkInput | None], Graph]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a request may say about the files of a model.

    Attributes:
        build: Makes the networks that this installation knows; an importer never needs another plugin.
        network: Name of the family that the weights belong to; empty: the files say it.
        labels: Names of the classes, by number; empty: the files say them, or nobody does.
        mean: File of the mean picture; empty: the files say it, or nothing is subtracted.
        width: Width in pixels that the network takes; None: what the files or the family say.
        height: Height in pixels, likewise.
        resize: How a picture of another shape is brought to size; None: what is usual for the kind of files.
        normalization: What pixels went through in training; None: what the files say, or what is usual.
    """

    build: NetworkMaker
    network: str = ""
    labels: tuple[str, ...] = ()
    mean: Path | None = None
    width: int | None = None
    height: int | None = None
    resize: Resize | None = None
    normalization: Normalization | None = None


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """A model as the rest of the system knows it.

    Attributes:
        graph: The network; its input layer says whether a mean is subtracted, and in which form.
        arrays: Every weight of the graph under its canonical name, float32, with ``input/mean`` (in RGB order, on the
            scale of 0 to 255) where the graph subtracts one. Channels of the first layer are in RGB order.
        labels: Names of the classes, by number; empty: unknown.
        picture: The form that pictures are brought into; the middle is cut out where the graph takes less.
        notes: What a person should know, each a sentence.
    """

    graph: Graph
    arrays: Arrays
    labels: tuple[str, ...]
    picture: PictureForm
    notes: tuple[str, ...] = ()


class ModelImporter(ABC):
    """Understands the files of one system; it has no state."""

    name: ClassVar[str]

    @abstractmethod
    def recognises(self, paths: Sequence[Path]) -> bool:
        """Whether all of ``paths`` together look like a model of this kind; quick, reads no weights."""

    @abstractmethod
    def read(self, paths: Sequence[Path], options: ImportOptions) -> ImportedModel:
        """The model in ``paths``; runs no code that a file holds.

        Raises:
            ModelInvalid: If the files do not hold a model that can be used; with every problem at once.
            NetworkInvalid: If the network in them is not one that can be built here.
        """
