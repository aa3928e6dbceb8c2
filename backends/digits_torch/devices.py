"""Devices that torch drives here, and the settings that make their arithmetic exact."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import psutil
import torch

from digits_core.contracts.backend import BuildContext, Device
from digits_core.errors import CapabilityMissing, Problem, require


def find_devices() -> tuple[Device, ...]:
    """Every CUDA or ROCm device, then the processor."""
    gpus = tuple(_gpu(index) for index in range(torch.cuda.device_count()))
    return (*gpus, Device("cpu:0", "cpu", _processor_name(), psutil.virtual_memory().total))


def native_device(context: BuildContext) -> torch.device:
    """The one device of a program, as torch calls it.

    Raises:
        CapabilityMissing: If there are several processes or devices, or torch does not see the device here.
    """
    here = {device.id for device in find_devices()}
    problems = [
        Problem(f"Backend torch sees no device {device.id} here.", hint=f"It sees {', '.join(sorted(here))}.")
        for device in context.devices
        if device.kind != "cpu" and device.id not in here
    ]
    if context.process_count != 1 or len(context.devices) != 1:
        found = f"{context.process_count} processes with {len(context.devices)} devices in this one"
        problems.append(Problem(f"Backend torch trains on one device, found {found}.", hint="Ask for one device."))
    require(problems, CapabilityMissing)
    kind, _, index = context.devices[0].id.partition(":")
    return torch.device("cpu") if kind == "cpu" else torch.device("cuda", int(index))


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


def _processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
