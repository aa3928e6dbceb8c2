"""What devices a job asks for, in words, and which it is given.

::

    auto       a GPU where there is one, else the whole processor
    gpu        one GPU                      cpu        the whole processor, in one process
    gpu:2      any two, a process each      cpu:2      any two cores, a process each
    gpu:0,3    these                        gpu:0-3    these four
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from digits_core.errors import CapabilityMissing, SpecInvalid
from digits_core.scheduling.inventory import MachineDevice

#: For each process the ids of its devices.
Processes: TypeAlias = tuple[tuple[str, ...], ...]
_FORM = re.compile(r"(cpu|gpu)(?::(\d+)|:(\d+(?:,\d+)+)|:(\d+)-(\d+))?")


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What is asked for.

    Attributes:
        kind: ``cpu``, ``gpu`` or ``auto``.
        count: How many, a process each; 0: one process on a GPU or on the whole processor.
        ids: These and no others; empty: any.
    """

    kind: str
    count: int = 0
    ids: tuple[str, ...] = ()


def parse_devices(text: str) -> DeviceRequest:
    """Read a request.

    >>> parse_devices("gpu:2"), parse_devices("gpu:0,3").ids
    (DeviceRequest(kind='gpu', count=2, ids=()), ('gpu:0', 'gpu:3'))

    Raises:
        SpecInvalid: If the text has another form.
    """
    if text == "auto":
        return DeviceRequest("auto")
    form = _FORM.fullmatch(text)
    if form is None or form[2] == "0":
        raise SpecInvalid(
            f"devices expects auto, cpu, gpu, gpu:2 (any two), gpu:0,3 or gpu:0-3 (these); found {text!r}.",
            where="devices",
            hint="See them: digits device list.",
        )
    kind = form[1]
    if form[2]:
        return DeviceRequest(kind, int(form[2]))
    numbers = [int(number) for number in form[3].split(",")] if form[3] else _range(form, text)
    return DeviceRequest(kind, ids=tuple(f"{kind}:{number}" for number in dict.fromkeys(numbers)))


def _range(form: re.Match[str], text: str) -> list[int]:
    if form[4] is None:
        return []
    first, last = int(form[4]), int(form[5])
    if last < first or last - first > 1023:
        raise SpecInvalid(f"devices expects a range from low to high, found {text!r}.", where="devices")
    return list(range(first, last + 1))


def require_devices(request: DeviceRequest, devices: Sequence[MachineDevice], kinds: Collection[str]) -> None:
    """Refuse what this machine or a backend can never give.

    Args:
        request: What is asked for.
        devices: What is here.
        kinds: Kinds of devices that the backend drives.

    Raises:
        CapabilityMissing: If a device is not here, or there are too few.
    """
    if request.kind == "auto":
        return
    hint = "See them: digits device list."
    here = [device.id for device in devices if device.kind == request.kind]
    if request.kind not in kinds:
        raise CapabilityMissing(
            f"The backend computes on {' and '.join(kinds)}, not on {request.kind}.", where="devices"
        )
    missing = [id for id in request.ids if id not in here]
    if missing:
        found = ", ".join(here) or "none"
        raise CapabilityMissing(f"There is no {', '.join(missing)} here, found {found}.", where="devices", hint=hint)
    wanted = max(request.count, 1)
    if not request.ids and wanted > len(here):
        raise CapabilityMissing(
            f"devices expects at most {len(here)} of kind {request.kind}, found {wanted}.", where="devices", hint=hint
        )


def allocate(
    request: DeviceRequest, devices: Sequence[MachineDevice], free: Collection[str], kinds: Collection[str]
) -> tuple[Processes, frozenset[str]]:
    """What a request is given now.

    Args:
        request: What is asked for.
        devices: What is here.
        free: Ids of devices that nobody has or waits for.
        kinds: Kinds of devices that the backend drives.

    Returns:
        Devices for each process, none where it has to wait; and ids that are kept for it: no later request gets them.
    """
    kind = _kind(request, devices, kinds)
    here = [device.id for device in devices if device.kind == kind]
    if request.ids:
        wanted = request.ids
    elif request.count == 0 and kind == "cpu":
        wanted = tuple(here)
    else:
        # Those that are free first: then it waits for as few as possible.
        wanted = tuple(sorted(here, key=lambda id: id not in free)[: max(request.count, 1)])
    if not wanted or not all(id in free for id in wanted):
        return (), frozenset(wanted)
    together = request.count == 0 and not request.ids and kind == "cpu"
    return ((wanted,) if together else tuple((id,) for id in wanted)), frozenset(wanted)


def _kind(request: DeviceRequest, devices: Sequence[MachineDevice], kinds: Collection[str]) -> str:
    if request.kind != "auto":
        return request.kind
    return "gpu" if "gpu" in kinds and any(device.kind == "gpu" for device in devices) else "cpu"
