"""This machine's processor, which every backend calls by the same name."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digits_core.contracts.backend import Device


def processor(index: int = 0) -> Device:
    """The processor as device ``cpu:index``, with its maker's name and the machine's memory."""
    import psutil

    from digits_core.contracts.backend import Device

    return Device(f"cpu:{index}", "cpu", processor_name(), psutil.virtual_memory().total)


def processor_name() -> str:
    """What the maker of this machine's processor calls it; imports nothing, so that light processes may ask."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return platform.processor() or platform.machine()
    # Line by line: the kernel writes this file as it is read, which takes a while on a machine with many cores.
    with open(cpuinfo, encoding="utf-8") as lines:
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return next(names, "") or platform.processor() or platform.machine()
