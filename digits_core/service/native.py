"""Native networks: a Python file becomes a graph by asking its backend, in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from digits_core.errors import CapabilityMissing, NetworkInvalid, Problem
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import Native, digest_of, native_graph, native_of

if TYPE_CHECKING:
    from digits_core.scheduling.rehearsal import Rehearsal
    from digits_core.store.home import Home
    from digits_core.training.describe import DescribeReport

DESCRIBE = "digits_core.training.describe"
#: Seconds that a framework may take to import and the file to run.
PATIENCE_S = 300.0
SUFFIX = ".py"


def is_native(name: str) -> bool:
    """Whether a network is named by a Python file."""
    return "\n" not in name and Path(name).suffix.lower() == SUFFIX


def read_native(path: Path, input: NetworkInput, backend: str, home: Home) -> Graph:
    """The graph of a Python file, whose weights are those that the backend reports.

    Args:
        path: The file.
        input: What the dataset says.
        backend: Name of the backend.
        home: Whose settings say in which interpreter the backend lives.

    Raises:
        NetworkInvalid: If the file cannot be read, or gives no network of that backend.
    """
    from digits_core.scheduling.rehearsal import rehearse, stage_for
    from digits_core.training.describe import DescribeRequest

    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise NetworkInvalid(f"{path} cannot be read: {reason}.", hint="Check the path and its permissions.") from None
    op = Native(backend=backend, file=str(path), source=source, digest=digest_of(source), classes=input.classes)
    asked = DescribeRequest(network=op, channels=input.channels, height=input.height, width=input.width)
    done = rehearse(stage_for(home, backend, ()), DESCRIBE, asked.model_dump_json(), PATIENCE_S)
    report = _report(path, backend, done)
    if report.problems:
        raise NetworkInvalid(*(Problem(part.message, part.where, part.hint) for part in report.problems))
    name = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).lstrip("._-") or "native"
    return native_graph(name[:90], input, op.model_copy(update={"weights": report.weights}))


def require_own_backend(graph: Graph, backend: str) -> None:
    """Refuse to compute a native network in another backend than its own.

    Raises:
        CapabilityMissing: If ``graph`` is one, and of another backend.
    """
    op = native_of(graph)
    if op is not None and op.backend != backend:
        raise CapabilityMissing(
            f"Network {graph.name} is native to backend {op.backend}, found {backend}.",
            where="backend",
            hint=f"Use --backend {op.backend}; a network written as YAML runs in any.",
        )


def require_one_device(name: str, devices: str) -> None:
    """Refuse to train a native network on several devices, before any of it is run.

    Raises:
        CapabilityMissing: If ``devices`` are several.
    """
    from digits_core.scheduling.requests import parse_devices

    request = parse_devices(devices)
    if (found := max(request.count, len(request.ids))) > 1:
        message = f"{name} is a native network, which trains on one device, found {found}."
        raise CapabilityMissing(message, where="devices", hint="Ask for one device.")


def refuse_native(name: str) -> NetworkInvalid:
    """What is said where a native network cannot be had."""
    return NetworkInvalid(
        f"{name} is a native network: nobody but its framework knows its layers.",
        where=name,
        hint=f"It can be trained: digits train DATASET {name} --backend torch. To see layers, write it as YAML.",
    )


def forbid_native(name: str) -> NetworkInvalid:
    """What is said where a native network may not be run."""
    return NetworkInvalid(
        f"{name} is a native network, which is code; it is taken from a person at the command line only.",
        where="network",
        hint=f"Name it there: digits train DATASET {name}.",
    )


def _report(path: Path, backend: str, done: Rehearsal) -> DescribeReport:
    from digits_core.training.describe import DescribeReport

    try:
        return DescribeReport.model_validate_json((done.out.strip().splitlines() or [""])[-1])
    except ValidationError:
        pass
    ended = f"did not end within {PATIENCE_S:.0f} s" if done.status is None else f"ended with status {done.status}"
    said = (done.err.strip().splitlines() or [""])[-1]
    raise NetworkInvalid(f"Asking backend {backend} about {path} {ended}. {said}".strip(), where=str(path))
