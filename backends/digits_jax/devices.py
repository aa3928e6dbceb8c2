"""What JAX computes on here, and JAX's own device for one of ours."""

from __future__ import annotations

import jax

from digits_core.contracts.backend import Device
from digits_core.contracts.processor import processor

KINDS = ("gpu", "cpu")


def find_devices() -> tuple[Device, ...]:
    """Devices of this process, GPUs first."""
    return tuple(_describe(id, device) for id, device in _native_devices().items())


def native_device(device: Device) -> jax.Device:
    """JAX's device for ``device``."""
    return _native_devices()[device.id]


def _native_devices() -> dict[str, jax.Device]:
    # With a GPU present JAX lists GPUs only; the processor is a backend of its own. JAX's numbers of devices are those
    # of a whole team, ours those of a process.
    gpus = [device for device in jax.local_devices() if device.platform == "gpu"]
    return {f"gpu:{index}": device for index, device in enumerate(gpus)} | {
        "cpu:0": jax.local_devices(backend="cpu")[0]
    }


def _describe(id: str, device: jax.Device) -> Device:
    if device.platform == "cpu":
        return processor()
    statistics = device.memory_stats() or {}
    return Device(id, device.platform, device.device_kind, statistics.get("bytes_limit"))
