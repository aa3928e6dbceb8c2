"""What runs as the rehearsal of a worker: a request on standard input, an answer on the last line of standard output.

It has a process of its own because memory that runs out may end the process, and because no framework gives back all
that it ever took.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from digits_core.contracts.backend import Backend, Device
from digits_core.errors import CapabilityMissing
from digits_core.spec.model import Spec


class Placed(Spec):
    """A request that says where it is carried out."""

    kind: Literal["cpu", "gpu"]
    """Kind of the device; the first of that kind that the process sees is used."""
    cores: tuple[int, ...] = ()
    """Cores that the process keeps to; empty: any."""


RequestT = TypeVar("RequestT", bound=Placed)


def reply(model: type[RequestT], answer: Callable[[RequestT], Spec]) -> None:
    """Answer the request on standard input.

    Args:
        model: Its form.
        answer: Finds the answer.
    """
    request = model.model_validate_json(sys.stdin.read())
    if request.cores:
        os.sched_setaffinity(0, request.cores)
    with contextlib.suppress(OSError):
        # Where memory runs out, this process is to be ended and no other.
        Path("/proc/self/oom_score_adj").write_text("1000")
    found = answer(request)
    print()  # Whatever a framework printed ends here.
    print(found.model_dump_json(), flush=True)


def device_of(backend: Backend, kind: str) -> Device:
    """The first device of a kind.

    Raises:
        CapabilityMissing: If there is none.
    """
    here = backend.devices()
    found = next((device for device in here if device.kind == kind), None)
    if found is None:
        names = ", ".join(device.id for device in here)
        raise CapabilityMissing(
            f"Backend {backend.name} cannot compute on a {kind}, found {names}.",
            hint=f"Ask for --devices {here[0].kind}, or install the {kind.upper()} build of its framework.",
        )
    return found
