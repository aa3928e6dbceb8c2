"""Devices that torch drives here, and the settings that make their arithmetic exact."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from digits_core.contracts.backend import Device
from digits_core.contracts.processor import processor
from digits_core.spec.job import BackendOptions


def find_devices() -> tuple[Device, ...]:
    """Every CUDA or ROCm device, then the processor."""
    gpus = tuple(_gpu(index) for index in range(torch.cuda.device_count()))
    return (*gpus, processor())


def native_device(device: Device) -> torch.device:
    """The device as torch calls it."""
    _, _, index = device.id.partition(":")
    return torch.device("cpu") if device.kind == "cpu" else torch.device("cuda", int(index))


def arithmetic(device: torch.device, tf32: bool) -> AbstractContextManager[None]:
    """Settings for steps on ``device``: whether TF32 may be used, and the fastest algorithms for static shapes."""
    return nullcontext() if device.type == "cpu" else _gpu_arithmetic(tf32)


@contextmanager
def _gpu_arithmetic(tf32: bool) -> Iterator[None]:
    products = torch.backends.cuda.matmul
    before = products.allow_tf32
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=tf32):
        products.allow_tf32 = tf32
        try:
            yield
        finally:
            products.allow_tf32 = before


def choose_compilation(options: BackendOptions, device: torch.device) -> tuple[bool, str]:
    """Whether forward and backward are compiled on ``device``, and why, in words."""
    if options.compile != "auto":
        return options.compile == "on", f"Compiling is {options.compile}, as asked."
    if device.type == "cpu":
        return False, "Steps are not compiled: on processors PyTorch's kernels are as fast, and at once."
    if not can_compile():
        return False, "Steps are not compiled: torch.compile needs a C++ compiler and Triton, and finds them not."
    return True, "Forward and backward are compiled by torch.compile, which is faster on GPUs."


def can_compile() -> bool:
    """Whether ``torch.compile`` finds the compilers that it needs for the devices here."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    triton = importlib.util.find_spec("triton") is not None
    return bool(compiler) and (triton or not torch.cuda.is_available())


def _gpu(index: int) -> Device:
    properties = torch.cuda.get_device_properties(index)
    return Device(f"gpu:{index}", "gpu", properties.name, properties.total_memory)
