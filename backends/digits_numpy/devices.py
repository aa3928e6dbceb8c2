"""The one device of the reference: this machine's processor."""

from __future__ import annotations

from digits_core.contracts.backend import Device
from digits_core.contracts.processor import processor


def find_devices() -> tuple[Device, ...]:
    """The processor, as ``cpu:0``."""
    return (processor(),)
