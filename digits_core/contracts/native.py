"""What a native network is for a backend: a function in a Python file, and the arrays of the module it gives."""

from __future__ import annotations

import importlib.abc
import importlib.util
import linecache
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.errors import NetworkInvalid, Problem
from digits_core.graph.graph import NetworkInput
from digits_core.graph.native import Native, digest_of

_HINT = "A native network is a file with: def network(input): return a module that gives logits."


@dataclass(frozen=True, slots=True)
class NativeArrays:
    """The arrays of a native module as it starts.

    Attributes:
        trained: What the solver changes, by the module's own names.
        kept: What is saved besides, like running statistics.
    """

    trained: dict[str, npt.NDArray[np.generic]]
    kept: dict[str, npt.NDArray[np.generic]]


class _Source(importlib.abc.SourceLoader):
    """Loads the text that a job keeps, under the name that its file had."""

    def __init__(self, op: Native) -> None:
        self._op = op

    def get_filename(self, fullname: str) -> str:
        return self._op.file

    def get_data(self, path: str | bytes) -> bytes:
        return self._op.source.encode()


def run_network(op: Native, input: NetworkInput, *randomness: Any) -> Any:
    """The module that the file of ``op`` gives for ``input``; this runs the file.

    Args:
        op: The file.
        input: What the dataset says.
        randomness: What its framework draws random numbers with, where that is an object; the file is given it too.

    Raises:
        NetworkInvalid: If it cannot be run, has no function ``network``, or that fails; with the line.
    """
    if digest_of(op.source) != op.digest:
        raise NetworkInvalid(f"{op.file} is not the file that the job was made with.", where=op.file)
    loader = _Source(op)
    spec = importlib.util.spec_from_loader(f"digits_native_{op.digest[:12]}", loader, origin=op.file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    linecache.cache[op.file] = (len(op.source), None, op.source.splitlines(keepends=True), op.file)
    try:
        loader.exec_module(module)
        function: Callable[..., Any] | None = vars(module).get("network")
        if not callable(function):
            raise NetworkInvalid(f"{op.file} has no function network.", where=op.file, hint=_HINT)
        return function(input, *randomness)
    except NetworkInvalid:
        raise
    except Exception as reason:
        raise NetworkInvalid(native_problem(op, reason)) from reason


def module_problem(op: Native, expected: str, found: object) -> Problem:
    """What is said of a file that gives something else than a module of its framework."""
    named = f"{type(found).__module__}.{type(found).__name__}"
    return Problem(
        f"{op.file} expects network to return a {expected}, found {named}.",
        op.file,
        "Return a module, or name the backend of its framework with --backend.",
    )


def require_logits(op: Native, input: NetworkInput, found: tuple[int, ...] | str) -> None:
    """Refuse what a module gave for two pictures, unless it is a logit for every class.

    Args:
        op: The file.
        input: What the dataset says.
        found: The shape of what it gave, or the name of its type.

    Raises:
        NetworkInvalid: If it is anything else.
    """
    if found != (2, input.classes):
        raise NetworkInvalid(
            f"{op.file} expects logits [B, {input.classes}] of two pictures, found {found}.",
            where=op.file,
            hint="End with a linear layer of input.classes outputs, and no softmax.",
        )


def native_problem(op: Native, reason: BaseException) -> Problem:
    """An exception out of a native network in words, with the line of the file that it came from."""
    lines = [frame.lineno for frame in traceback.extract_tb(reason.__traceback__) if frame.filename == op.file]
    line = reason.lineno if isinstance(reason, SyntaxError) else (lines or [None])[-1]
    said = str(reason).strip().partition("\n")[0]
    place = f"{op.file}:{line}" if line else op.file
    return Problem(f"The network of {op.file} failed: {type(reason).__name__}: {said}.", place, "Correct the file.")
