"""This machine's processor, which every backend calls by the same name."""

from __future__ import annotations

import platform
from pathlib import Path

from digits_core.contracts.backend import Device


def processor(index: int = 0) -> Device:
    """The processor as device ``cpu:index``, with its maker's name and the machine's memory."""
    import psutil

    return Device(f"cpu:{index}", "cpu", _model(), psutil.virtual_memory().total)


def _model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
