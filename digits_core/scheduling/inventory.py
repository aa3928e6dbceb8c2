"""What computes on this machine, asked of the machine itself: no framework is imported, so that it is known at once."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass

from digits_core.contracts.processor import processor_name
from digits_core.errors import SpecInvalid
from digits_core.scheduling.nvml import Gpu, Nvml

#: How many CPU devices there are, where it is not one per usable core.
CPU_DEVICES = "DIGITS_CPU_DEVICES"
#: Most CPU devices that may be asked for.
MOST_CPU_DEVICES = 1024
VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class MachineDevice:
    """A device of this machine that a job can be given.

    Attributes:
        id: Kind and index, for example ``cpu:0`` or ``gpu:1``.
        kind: ``cpu`` or ``gpu``.
        name: What its maker calls it.
        memory_total_bytes: Its memory, for a CPU device the machine's; None where it is not known.
        uuid: What a process is given as ``CUDA_VISIBLE_DEVICES`` to see this GPU and no other; empty for a CPU device.
        core: Number of the core that a CPU device is; None for a GPU, and on systems that pin nothing.
    """

    id: str
    kind: str
    name: str
    memory_total_bytes: int | None
    uuid: str = ""
    core: int | None = None


def machine_devices() -> tuple[MachineDevice, ...]:
    """GPUs in the order of the PCI bus, then CPU devices.

    A GPU has the number that it has among all GPUs of the machine, whatever ``CUDA_VISIBLE_DEVICES`` hides: one id
    means one GPU to every process. A number in ``CUDA_VISIBLE_DEVICES`` means what it does to CUDA under
    ``CUDA_DEVICE_ORDER=PCI_BUS_ID``.

    CPU devices are the cores that this process may use, or as many as ``DIGITS_CPU_DEVICES`` says; where those are more
    than there are cores, several share one.

    Raises:
        SpecInvalid: If ``DIGITS_CPU_DEVICES`` is no such number.
    """
    gpus, _ = _gpus()
    return (*(_gpu_device(gpu) for gpu in gpus), *_cpu_devices())


def gpu_trouble() -> str:
    """Why GPUs that this machine seems to have are not among its devices.

    Returns:
        Sentences for a person; empty where all is well, and where there is no NVIDIA driver at all.
    """
    _, troubles = _gpus()
    return " ".join(troubles)


def _gpus() -> tuple[tuple[Gpu, ...], list[str]]:
    with closing(Nvml()) as nvml:
        gpus = nvml.gpus()
    chosen = os.environ.get(VISIBLE)
    return (gpus, nvml.troubles) if chosen is None else _chosen(gpus, chosen, nvml.troubles)


def _chosen(gpus: tuple[Gpu, ...], chosen: str, troubles: list[str]) -> tuple[tuple[Gpu, ...], list[str]]:
    kept: set[Gpu] = set()
    for word in map(str.strip, chosen.split(",")):
        named = [gpu for gpu in gpus if _names(word, gpu)]
        if len(named) != 1:
            # CUDA stops at the first word that names no GPU; -1 and nothing are how people hide all of them.
            wrong = gpus and word not in ("", "-1")
            complaint = [f"{VISIBLE} is {chosen!r}, and {word!r} names no GPU here."] if wrong else []
            return tuple(gpu for gpu in gpus if gpu in kept), [*troubles, *complaint]
        kept.update(named)
    return tuple(gpu for gpu in gpus if gpu in kept), troubles


def _names(word: str, gpu: Gpu) -> bool:
    return word == str(gpu.index) or (word.startswith("GPU-") and gpu.uuid.startswith(word))


def _gpu_device(gpu: Gpu) -> MachineDevice:
    return MachineDevice(f"gpu:{gpu.index}", "gpu", gpu.name, gpu.memory_total_bytes, uuid=gpu.uuid)


def _cpu_devices() -> tuple[MachineDevice, ...]:
    cores = _cores()
    name, memory = processor_name(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return tuple(
        MachineDevice(f"cpu:{index}", "cpu", name, memory, core=cores[index % len(cores)])
        for index in range(_asked_cpu_devices() or len(cores))
    )


def _cores() -> tuple[int | None, ...]:
    try:
        return tuple(sorted(os.sched_getaffinity(0)))
    except AttributeError:
        # macOS has cores, and pins nothing to them.
        return (None,) * (os.cpu_count() or 1)


def _asked_cpu_devices() -> int:
    """How many are asked for; 0: nothing is said."""
    text = os.environ.get(CPU_DEVICES, "").strip()
    if not text:
        return 0
    count = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_CPU_DEVICES)) else 0
    if not 1 <= count <= MOST_CPU_DEVICES:
        raise SpecInvalid(
            f"{CPU_DEVICES} expects a whole number from 1 to {MOST_CPU_DEVICES}, found {text!r}.",
            where="environment",
            hint="Unset it for one CPU device per core.",
        )
    return count
