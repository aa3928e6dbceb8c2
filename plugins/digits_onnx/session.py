"""Sessions of ONNX Runtime: how they share the processors, and where weights are."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnxruntime as ort
from onnx import ModelProto, TensorProto, helper

#: Below this many bytes a constant is written into the model, where optimisations see its value.
SMALL = 1024
#: Where a session computes, the best first; GPUs round to TF32 unless told not to.
PROVIDERS = {"CUDAExecutionProvider": {"use_tf32": "0"}, "CPUExecutionProvider": {}}


def open_session(model: ModelProto, constants: Mapping[str, npt.NDArray[Any]]) -> ort.InferenceSession:
    """A session for a model without its constants, which are taken from memory as they are: nothing large is copied.

    Args:
        model: Nodes, inputs and outputs.
        constants: By name.
    """
    options = session_options()
    outside = {name: array for name, array in constants.items() if array.nbytes >= SMALL}
    for name, array in constants.items():
        model.graph.initializer.append(_placeholder(name, array) if name in outside else _inside(name, array))
    values = [ort.OrtValue.ortvalue_from_numpy(array) for array in outside.values()]
    options.add_external_initializers(list(outside), values)
    return ort.InferenceSession(model.SerializeToString(), options, providers=providers())


def open_file(path: Path) -> ort.InferenceSession:
    """A session for a whole model in a file."""
    return ort.InferenceSession(path, session_options(), providers=providers())


def session_options() -> ort.SessionOptions:
    """A thread for every processor that this process may use; between runs they leave it to others, as to training."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3
    return options


def providers() -> list[tuple[str, dict[str, str]]]:
    """What computes here, the best first."""
    return [(name, fields) for name, fields in PROVIDERS.items() if name in ort.get_available_providers()]


def _inside(name: str, array: npt.NDArray[Any]) -> TensorProto:
    format = helper.np_dtype_to_tensor_dtype(array.dtype)
    return TensorProto(name=name, data_type=format, dims=array.shape, raw_data=array.tobytes())


def _placeholder(name: str, array: npt.NDArray[Any]) -> TensorProto:
    tensor = _inside(name, array[:0])
    tensor.dims[:] = array.shape
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "memory"), ("offset", "0"), ("length", str(array.nbytes))):
        tensor.external_data.add(key=key, value=value)
    return tensor
