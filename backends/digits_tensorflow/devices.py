"""Devices that TensorFlow sees here, and its names for them."""

from __future__ import annotations

from digits_core.contracts.backend import Device
from digits_core.contracts.processor import processor
from digits_tensorflow.framework import tf


def find_devices() -> tuple[Device, ...]:
    """Graphics processors first, then the processor as ``cpu:0``."""
    gpus = tuple(
        Device(f"gpu:{index}", "gpu", tf.config.experimental.get_device_details(found).get("device_name", "GPU"))
        for index, found in enumerate(tf.config.list_physical_devices("GPU"))
    )
    return (*gpus, processor())


def native_name(device: Device) -> str:
    """What ``tf.device`` takes.

    >>> native_name(Device("cpu:0", "cpu", "x86_64"))
    '/CPU:0'
    """
    return f"/{device.id.upper()}"
