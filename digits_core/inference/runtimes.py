"""A backend as a runtime: what trained a network computes it forward, on the best device that it has here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, Backend, BuildContext, Device, Program
from digits_core.contracts.runtime import Activations, Predictor, Runtime
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd


class BackendRuntime(Runtime):
    """What a backend computes.

    Args:
        backend: Who computes.
        options: How; the precision is the job's own.
        device: On what; empty: the best that it has.
    """

    name: ClassVar = "native"

    def __init__(self, backend: Backend, options: BackendOptions, device: Device | None = None) -> None:
        self._backend, self._options = backend, options
        self._device = device or backend.devices()[0]

    def load(self, graph: Graph, arrays: Arrays, taps: Sequence[str] = ()) -> Predictor:
        """Build and fill a program; see `Runtime.load`."""
        # Any solver does: what is predicted with is in the weights already, averages too.
        program = self._backend.build(graph, Sgd(), self._options, BuildContext(self._device))
        return _ProgramPredictor(program, arrays, taps)


class _ProgramPredictor(Predictor):
    def __init__(self, program: Program, arrays: Arrays, taps: Sequence[str]) -> None:
        self._program, self._taps = program, tuple(taps)
        self._state = program.load(arrays)

    def predict(self, images: npt.NDArray[np.uint8]) -> Activations:
        return self._program.predict(self._state, images, self._taps)

    def close(self) -> None:
        self._program.close()
