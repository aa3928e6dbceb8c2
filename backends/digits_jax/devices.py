"""What JAX computes on here, and JAX's own device for one of ours."""

from __future__ import annotations

import jax

from digits_core.contracts.backend import Device
from digits_core.contracts.processor import processor

KINDS = ("gpu", "cpu")


def find_devices() -> tuple[Device, ...]:
    """Devices of this process, GPUs first."""
    return tuple(_describe(device) for device in _native_devices())


def native_device(device: Device) -> jax.Device:
    """JAX's device for ``device``."""
    return next(native for native in _native_devices() if _id(native) == device.id)


def _native_devices() -> list[jax.Device]:
    # With a GPU present JAX lists GPUs only; the processor is a backend of its own.
    found = {_id(device): device for device in (*jax.local_devices(), *jax.local_devices(backend="cpu"))}
    return sorted((device for device in found.values() if device.platform in KINDS), key=_rank)


def _rank(device: jax.Device) -> tuple[int, int]:
    return KINDS.index(device.platform), device.id


def _id(device: jax.Device) -> str:
    return f"{device.platform}:{device.id}"


def _describe(device: jax.Device) -> Device:
    if device.platform == "cpu":
        return processor(device.id)
    statistics = device.memory_stats() or {}
    return Device(_id(device), device.platform, device.device_kind, statistics.get("bytes_limit"))
