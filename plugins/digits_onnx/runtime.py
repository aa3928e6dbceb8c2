"""Prediction by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession

from digits_core.contracts.backend import Arrays
from digits_core.contracts.runtime import Activations, Predictor, Runtime
from digits_core.graph.graph import Graph
from digits_onnx.model import assemble, draw
from digits_onnx.ops import RUNTIME_OPS
from digits_onnx.session import open_session


class OnnxRuntime(Runtime):
    """ONNX Runtime, on a GPU where it has one."""

    name: ClassVar = "onnx"

    def load(self, graph: Graph, arrays: Arrays, taps: Sequence[str] = ()) -> Predictor:
        """Write the network as ONNX and open it; see `Runtime.load`."""
        outputs = tuple(dict.fromkeys((graph.output, *taps)))
        sheet = draw(graph, arrays, outputs, softmax=False, dtype=np.float32, builders=RUNTIME_OPS)
        session = open_session(assemble(graph, sheet, outputs, softmax=False), sheet.constants)
        return _SessionPredictor(session, sheet.pictures, outputs)


class _SessionPredictor(Predictor):
    def __init__(self, session: InferenceSession, pictures: str, outputs: tuple[str, ...]) -> None:
        self._session, self._pictures, self._outputs = session, pictures, outputs

    def predict(self, images: npt.NDArray[np.uint8]) -> Activations:
        found = self._session.run(self._outputs, {self._pictures: np.ascontiguousarray(images)})
        return dict(zip(self._outputs, found, strict=True))

    def close(self) -> None:
        del self._session
