"""The one device of the reference: this machine's processor."""

from __future__ import annotations

import platform

from digits_core.contracts.backend import Device


def find_devices() -> tuple[Device, ...]:
    """The processor, as ``cpu:0``."""
    return (Device("cpu:0", "cpu", platform.processor() or platform.machine()),)
