"""The runtime contract: a graph and its weights in, something that predicts out; it never trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import Graph

#: Activations by the name of their layer, ``[B, C, H, W]`` or ``[B, F]``.
Activations: TypeAlias = dict[str, npt.NDArray[np.floating[Any]]]


class Predictor(ABC):
    """A model that is ready to predict; safe to call from several threads."""

    @abstractmethod
    def predict(self, images: npt.NDArray[np.uint8]) -> Activations:
        """The logits of the graph's output, and every activation that was asked for at loading.

        Args:
            images: uint8 ``[B, H, W, C]``, any B ≥ 1.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what it holds; it is not used afterwards."""


class Runtime(ABC):
    """Something that computes networks forward."""

    name: ClassVar[str]

    @abstractmethod
    def load(self, graph: Graph, arrays: Arrays, taps: Sequence[str] = ()) -> Predictor:
        """Make a predictor.

        Args:
            graph: The network.
            arrays: Every weight of it, canonical; copied.
            taps: Names of layers whose activations are wanted besides the output's.

        Raises:
            CapabilityMissing: With one problem per layer that it cannot compute, before memory is taken.
            DigitsError: If a weight is missing or has another shape than the graph says.
        """
