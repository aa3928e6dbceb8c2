"""Named tensors of a file, whatever form it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from digits_core.contracts.backend import Arrays
from digits_core.errors import ModelInvalid
from digits_pretrained.pickles import decode, read_pickled

SAFETENSORS = ".safetensors"
SUFFIXES = frozenset({SAFETENSORS, ".pt", ".pth", ".bin"})
#: Kinds of numbers by the word that safetensors has for them.
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16", "I64": "<i8", "I32": "<i4"}
#: Under which key a checkpoint keeps its weights, where it holds more than them.
NESTED = ("state_dict", "model", "model_state_dict", "state_dict_ema")
#: What wrappers put before every name.
PREFIXES = ("module.", "_orig_mod.")


def read_state_dict(path: Path) -> Arrays:
    """The tensors of a file by name, floating ones as fp32; prefixes that wrappers add are taken away.

    Raises:
        ModelInvalid: If the file holds no tensors, or anything but tensors and plain containers.
    """
    found = _read_safetensors(path) if path.suffix.lower() == SAFETENSORS else _weights_of(read_pickled(path))
    arrays = {_bare(name): array for name, array in found.items()}
    if not arrays or len(arrays) != len(found):
        raise ModelInvalid(f"{path.name} holds no weights by name.", where=str(path), hint="Give a state dict.")
    return {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def _read_safetensors(path: Path) -> Arrays:
    try:
        entries = safetensors.deserialize(path.read_bytes())
    except OSError as reason:
        raise ModelInvalid(f"{path.name} cannot be read: {reason.strerror}.", hint="Check the file.") from None
    except safetensors.SafetensorError as reason:
        raise ModelInvalid(f"{path.name} is not safetensors: {reason}.", where=str(path)) from None
    found = {}
    for name, entry in entries:
        if entry["dtype"] in KINDS:
            found[name] = decode(bytes(entry["data"]), KINDS[entry["dtype"]]).reshape(entry["shape"])
    return found


def _weights_of(found: Any) -> Arrays:
    """The mapping of tensors in what a file holds: itself, or under one of the usual keys."""
    if not isinstance(found, dict):
        return {}
    nested = next((found[key] for key in NESTED if isinstance(found.get(key), dict)), found)
    return {name: array for name, array in nested.items() if isinstance(name, str) and isinstance(array, np.ndarray)}


def _bare(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name
