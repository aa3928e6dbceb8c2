"""Devices that torch drives here, and the settings that make their arithmetic exact."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import AbstractContextManager, nullcontext

import torch

from digits_core.contracts.backend import Device
from digits_core.contracts.processor import processor


def find_devices() -> tuple[Device, ...]:
    """Every CUDA or ROCm device, then the processor."""
    gpus = tuple(_gpu(index) for index in range(torch.cuda.device_count()))
    return (*gpus, processor())


def native_device(device: Device) -> torch.device:
    """The device as torch calls it."""
    _, _, index = device.id.partition(":")
    return torch.device("cpu") if device.kind == "cpu" else torch.device("cuda", int(index))


def exact_arithmetic(device: torch.device) -> AbstractContextManager[None]:
    """Settings for steps on ``device``: no TF32 in convolutions, fastest algorithms for static shapes."""
    if device.type == "cpu":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)


def can_compile() -> bool:
    """Whether ``torch.compile`` finds the compilers that it needs for the devices here."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    triton = importlib.util.find_spec("triton") is not None
    return bool(compiler) and (triton or not torch.cuda.is_available())


def _gpu(index: int) -> Device:
    properties = torch.cuda.get_device_properties(index)
    return Device(f"gpu:{index}", "gpu", properties.name, properties.total_memory)
