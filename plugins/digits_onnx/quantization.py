"""Whole numbers of eight bits in place of floats, with ranges measured on pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

#: Pictures that go through the network together.
BATCH = 16
#: What is computed in whole numbers; what stays in floats is cheap, or loses much.
OPERATORS = ["Conv", "Gemm", "MaxPool", "AveragePool", "GlobalAveragePool", "Concat"]


def quantize(model: ModelProto, pictures: npt.NDArray[np.uint8]) -> ModelProto:
    """The same network with weights and activations of eight bits (QDQ), weights by channel.

    Args:
        model: In float32.
        pictures: uint8 ``[N, H, W, C]``, such as it is going to see.
    """
    with tempfile.TemporaryDirectory(prefix="digits-int8-") as folder:
        plain, joined, whole = (Path(folder) / f"{name}.onnx" for name in ("plain", "joined", "whole"))
        onnx.save(model, plain)
        # Batch norm becomes a part of convolutions before ranges are measured.
        quant_pre_process(plain, joined, skip_symbolic_shape=True)
        quantize_static(
            joined,
            whole,
            _Pictures(model.graph.input[0].name, pictures),
            op_types_to_quantize=OPERATORS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(whole)


class _Pictures(CalibrationDataReader):
    """Gives batches, one at a time, as ONNX Runtime asks for them."""

    def __init__(self, name: str, pictures: npt.NDArray[np.uint8]) -> None:
        self._batches: Iterator[dict[str, npt.NDArray[Any]]] = (
            {name: pictures[start : start + BATCH]} for start in range(0, len(pictures), BATCH)
        )

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        """The next batch, or None."""
        return next(self._batches, None)
