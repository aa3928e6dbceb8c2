"""A stand-in for NVIDIA's library on machines without its driver: two GPUs, and faults to plant.

Names and signatures are those of package nvidia-ml-py; a test holds them against it.
"""

from dataclasses import dataclass
from typing import NamedTuple

NVML_TEMPERATURE_GPU = 0
NVML_ERROR_NOT_SUPPORTED = 3
NVML_ERROR_NO_PERMISSION = 4
NVML_ERROR_NOT_FOUND = 6
NVML_ERROR_DRIVER_NOT_LOADED = 9
NVML_ERROR_GPU_IS_LOST = 15
NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18

WORDS = {
    NVML_ERROR_NOT_SUPPORTED: "Not Supported",
    NVML_ERROR_NO_PERMISSION: "Insufficient Permissions",
    NVML_ERROR_NOT_FOUND: "Not Found",
    NVML_ERROR_DRIVER_NOT_LOADED: "Driver Not Loaded",
    NVML_ERROR_GPU_IS_LOST: "GPU is lost",
    NVML_ERROR_LIB_RM_VERSION_MISMATCH: "RM has detected an NVML/RM version mismatch.",
}


class NVMLError(Exception):
    def __init__(self, value):
        super().__init__(WORDS[value])
        self.value = value


@dataclass(frozen=True)
class Handle:
    index: int
    uuid: str


class Memory(NamedTuple):
    total: int
    used: int


class Rates(NamedTuple):
    gpu: int
    memory: int


GPUS = (Handle(0, "GPU-aaaa-0"), Handle(1, "GPU-bbbb-1"))
#: Error by function and index of the GPU; None: a call that concerns no GPU.
FAULTS = {
    ("nvmlDeviceGetPowerUsage", 0): NVML_ERROR_NO_PERMISSION,
    ("nvmlDeviceGetUtilizationRates", 1): NVML_ERROR_GPU_IS_LOST,
    ("nvmlDeviceGetTemperature", 1): NVML_ERROR_GPU_IS_LOST,
    ("nvmlDeviceGetPowerUsage", 1): NVML_ERROR_GPU_IS_LOST,
}
opened = 0


def _check(function, index=None):
    if (function, index) in FAULTS:
        raise NVMLError(FAULTS[function, index])


def nvmlInit():
    global opened
    _check("nvmlInit")
    opened += 1


def nvmlShutdown():
    global opened
    opened -= 1


def nvmlDeviceGetCount():
    _check("nvmlDeviceGetCount")
    return len(GPUS)


def nvmlDeviceGetHandleByIndex(index):
    _check("nvmlDeviceGetHandleByIndex", index)
    return GPUS[index]


def nvmlDeviceGetHandleByUUID(uuid):
    for handle in GPUS:
        if handle.uuid == uuid:
            _check("nvmlDeviceGetHandleByUUID", handle.index)
            return handle
    raise NVMLError(NVML_ERROR_NOT_FOUND)


def nvmlDeviceGetUUID(handle):
    _check("nvmlDeviceGetUUID", handle.index)
    return handle.uuid


def nvmlDeviceGetName(handle):
    _check("nvmlDeviceGetName", handle.index)
    return f"Stand-in {handle.index}"


def nvmlDeviceGetMemoryInfo(handle, version=None):
    _check("nvmlDeviceGetMemoryInfo", handle.index)
    return Memory(80 * 2**30, (5 + handle.index) * 2**30)


def nvmlDeviceGetUtilizationRates(handle):
    _check("nvmlDeviceGetUtilizationRates", handle.index)
    return Rates(97 - handle.index, 40)


def nvmlDeviceGetTemperature(handle, sensor):
    _check("nvmlDeviceGetTemperature", handle.index)
    assert sensor == NVML_TEMPERATURE_GPU
    return 61 + handle.index


def nvmlDeviceGetPowerUsage(handle):
    _check("nvmlDeviceGetPowerUsage", handle.index)
    return 412_500 + handle.index
