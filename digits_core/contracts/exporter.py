"""The exporter contract: a model in, files of another system out, which that system is seen to run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Graph
from digits_core.spec.dataset import PictureForm

#: ``[B, classes]``, each row sums to 1.
Probabilities: TypeAlias = npt.NDArray[np.floating[Any]]
#: Pictures that an exported model is run on together, so that large networks fit into memory.
PART = 32


@dataclass(frozen=True, slots=True)
class Deployable:
    """A model as exporters are given it.

    Attributes:
        name: What it is called: ``JOB@000003-epoch``.
        graph: The network; no auxiliary heads, they are cut off.
        arrays: Every weight of the graph, canonical.
        labels: Names of the classes, by number.
        picture: The form that pictures are brought into; the middle is cut out where the graph takes less.
    """

    name: str
    graph: Graph
    arrays: Arrays
    labels: tuple[str, ...]
    picture: PictureForm


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How it is wanted.

    Attributes:
        precision: One of `Exporter.precisions`.
        calibration: uint8 ``[N, H, W, C]``, pictures that ranges of int8 are measured on; empty where none are needed.
    """

    precision: str = "fp32"
    calibration: npt.NDArray[np.uint8] | None = None


class Exporter(ABC):
    """Writes models in one format; it has no state.

    What is written takes uint8 pictures ``[B, H, W, C]``, any B unless the format cannot, in the form of the dataset,
    and gives probabilities ``[B, classes]``: the mean, the scale and the softmax are inside. Formats that hold weights
    only (``runs`` is False) are the exception.

    Attributes:
        name: What users write.
        suffix: What the file's name ends in; empty: a folder is written.
        precisions: Number formats that weights can be written in.
        runs: Whether what is written can be run by itself.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = ("fp32",)
    runs: ClassVar[bool] = True

    @abstractmethod
    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Write the file or folder ``destination``, which does not exist yet.

        Raises:
            CapabilityMissing: If the format cannot hold the network; names every layer and op.
        """

    @abstractmethod
    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """What the system that the format is of computes from the written file: probabilities ``[B, classes]``.

        A format of weights only is read back, put into ``model.graph`` in its own framework, and run there.

        Args:
            model: What was exported.
            destination: What `export` wrote.
            images: uint8 ``[B, H, W, C]``, any B ≥ 1.

        Raises:
            CapabilityMissing: If this machine cannot run the format; says what was looked at in its place.
        """


def run_in_parts(
    predict: Callable[[npt.NDArray[np.uint8]], npt.ArrayLike], images: npt.NDArray[np.uint8]
) -> Probabilities:
    """What ``predict`` gives for ``images``, `PART` of them at a time.

    >>> run_in_parts(lambda part: part[:, 0, 0, :] / 255, np.full((70, 2, 2, 1), 255, np.uint8)).shape
    (70, 1)
    """
    starts = range(0, len(images), PART)
    return np.concatenate([np.asarray(predict(images[start : start + PART]), np.float32) for start in starts])
