"""The same request for a terminal: a command line where it fits into one, and a job file always."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from digits_core.spec.files import dump_blocks, dump_flow

#: Keys that have an option of their own; all others are told by ``--set``.
OPTIONS = {
    "start": "--from",
    "name": "--name",
    "backend": "--backend",
    "devices": "--devices",
    "epochs": "--epochs",
    "batch": "--batch",
    "solver.name": "--solver",
    "solver.rate": "--lr",
    "solver.momentum": "--momentum",
    "solver.decay": "--decay",
    "schedule.policy": "--policy",
    "data.mean": "--mean",
    "data.crop": "--crop",
    "options.precision": "--precision",
    "options.accumulate": "--accumulate",
    "seed": "--seed",
    "validate_every": "--validate-every",
    "snapshots.every": "--snapshot-every",
}
_WORDS = ("dataset", "network")


def job_file(request: Mapping[str, Any]) -> str:
    """The request as a job file, for ``digits train --file job.yaml``."""
    return dump_blocks(dict(request))


def command_line(request: Mapping[str, Any], file: str = "job.yaml") -> str:
    """What makes the same job at a terminal; from a job file where the network is a text.

    >>> command_line({"dataset": "mnist", "network": "lenet", "solver": {"name": "adam", "beta1": 0.8}})
    'digits train mnist lenet --solver adam --set solver.beta1=0.8'
    """
    if "\n" in str(request.get("network", "")):
        return f"digits train --file {file}"
    words = ["digits", "train", *(str(request[key]) for key in _WORDS if key in request)]
    rest = {key: value for key, value in request.items() if key not in _WORDS}
    told = sorted(_flat(rest), key=lambda item: item[0] not in OPTIONS)
    for key, value in told:
        text = value if isinstance(value, str) else dump_flow(value)
        words += [OPTIONS[key], text] if key in OPTIONS else ["--set", f"{key}={text}"]
    return shlex.join(words)


def command_lines(request: Mapping[str, Any], rates: Sequence[float], batches: Sequence[int | str]) -> str:
    """One command a line, for every combination of several rates and batch sizes."""
    lines = []
    for rate, batch in itertools.product(rates or (None,), batches or (None,)):
        each = dict(request)
        if rate is not None:
            each["solver"] = {"name": "sgd", **each.get("solver", {}), "rate": rate}
        if batch is not None:
            each["batch"] = batch
        lines.append(command_line(each))
    return "\n".join(dict.fromkeys(lines))


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value
