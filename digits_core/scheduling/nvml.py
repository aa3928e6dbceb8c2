"""NVIDIA's management library in a few words; without library, driver, permission or GPU it finds nothing and says why.

Source: https://docs.nvidia.com/deploy/nvml-api
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from digits_core.events.facts import DeviceUsage

#: What a driver leaves in the file system; without any of it nothing else is tried.
_DRIVER_FILES = ("/proc/driver/nvidia", "/dev/nvidiactl")
_LIBRARY = "libnvidia-ml.so.1"
_LIBRARY_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
)


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU of this machine.

    Attributes:
        index: Its number among all GPUs of the machine, in the order of the PCI bus.
        uuid: ``GPU-…``, which stays the same for its whole life.
        name: What its maker calls it.
        memory_total_bytes: Its own memory; None where it shares the machine's.
    """

    index: int
    uuid: str
    name: str
    memory_total_bytes: int | None


class Nvml:
    """An open door to NVIDIA's driver; no call raises.

    Opening takes a moment where there are GPUs, and next to nothing where there is no driver.
    """

    def __init__(self) -> None:
        #: Why GPUs cannot be used although a driver seems to be here, one sentence each.
        self.troubles: list[str] = []
        self._library: Any = None
        if _driver_is_here():
            self._open()

    def gpus(self) -> tuple[Gpu, ...]:
        """Every GPU that answers; for the others there is an entry in ``troubles``."""
        found = []
        count = self._ask(lambda nvml: nvml.nvmlDeviceGetCount()) or 0
        for index in range(count):
            # NVML numbers by PCI bus, as nvidia-smi does; a lost GPU keeps its number, so that no other one's changes.
            gpu = self._ask(partial(self._gpu, index), f"GPU {index} cannot be used")
            if gpu is not None:
                found.append(gpu)
        return tuple(found)

    def usage(self, id: str, uuid: str) -> DeviceUsage:
        """What a GPU is busy with now; what it does not tell is None.

        Args:
            id: How the device is called here.
            uuid: How NVIDIA calls it.
        """
        handle = self._ask(lambda nvml: nvml.nvmlDeviceGetHandleByUUID(uuid))
        if handle is None:
            return DeviceUsage(id)
        milliwatts = self._ask(lambda nvml: nvml.nvmlDeviceGetPowerUsage(handle))
        return DeviceUsage(
            id,
            utilization_percent=self._ask(lambda nvml: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
            memory_used_bytes=self._ask(lambda nvml: nvml.nvmlDeviceGetMemoryInfo(handle).used),
            temperature_c=self._ask(
                lambda nvml: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
            ),
            power_w=None if milliwatts is None else milliwatts / 1000,
        )

    def close(self) -> None:
        """Shut the door; whoever else opened one keeps theirs."""
        self._ask(lambda nvml: nvml.nvmlShutdown())
        self._library = None

    def _open(self) -> None:
        try:
            import pynvml
        except ImportError:
            self.troubles.append("The Python package nvidia-ml-py is missing. Run: pip install nvidia-ml-py.")
            return
        self._library = pynvml
        if self._ask(lambda nvml: nvml.nvmlInit() or True, "NVIDIA's driver does not answer") is None:
            self._library = None

    def _gpu(self, index: int, nvml: Any) -> Gpu:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = self._ask(lambda nvml: nvml.nvmlDeviceGetMemoryInfo(handle).total)
        return Gpu(index, nvml.nvmlDeviceGetUUID(handle), nvml.nvmlDeviceGetName(handle), memory)

    def _ask(self, question: Callable[[Any], Any], trouble: str = "") -> Any:
        """The answer; None where there is none, which is a trouble where one is named."""
        if self._library is None:
            return None
        try:
            return question(self._library)
        except self._library.NVMLError as reason:
            if trouble:
                self.troubles.append(f"{trouble}: {str(reason).rstrip('.')}.")
            return None


def _driver_is_here() -> bool:
    searched = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    libraries = (os.path.join(folder, _LIBRARY) for folder in (*_LIBRARY_FOLDERS, *searched))
    return any(Path(path).exists() for path in (*_DRIVER_FILES, *libraries))
