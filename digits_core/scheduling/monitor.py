"""What devices and processes are busy with, measured second by second, and written down within bounds."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from digits_core.disk import storage_errors
from digits_core.events.facts import DeviceUsage, Sampled
from digits_core.events.journal import Journal, Recorded, parse_lines, read_facts
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.nvml import Nvml

#: Most bytes of a file of samples; some ten hours of a run on one device.
USAGE_BYTES = 8 * 2**20
#: Enough of a file's end to hold a sample of more devices than a machine has.
_END_BYTES = 2**17


class Monitor:
    """Measures; shares of time are those since the call before, or since the monitor was made.

    A share over less than a tenth of a second says little. A monitor belongs to the thread that made it.

    Args:
        devices: Those of this machine; empty: it looks for itself.
    """

    def __init__(self, devices: Sequence[MachineDevice] = ()) -> None:
        self._devices = {device.id: device for device in devices or machine_devices()}
        self._nvml = Nvml()
        self._known: dict[psutil.Process, psutil.Process] = {}
        psutil.cpu_percent(percpu=True)

    def sample(self, device_ids: Sequence[str], pids: Sequence[int]) -> Sampled:
        """Measure once; what cannot be measured is None.

        Args:
            device_ids: Devices to measure; of one that is not here nothing is known.
            pids: Processes to measure, each with all its children; those that have ended do not count.
        """
        cores, used = psutil.cpu_percent(percpu=True), psutil.virtual_memory().used
        devices = tuple(self._device(id, cores, used) for id in device_ids)
        # The objects of before are kept: each remembers the processor time that it was last asked at.
        before = self._known
        self._known = {process: before.get(process, process) for process in _families(pids)}
        told = [told for process in self._known.values() if (told := _told(process))]
        return Sampled(
            devices,
            processes=len(told),
            cpu_percent=round(sum(percent for percent, _ in told), 1) if before else None,
            memory_bytes=sum(memory for _, memory in told),
        )

    def close(self) -> None:
        """Let go of the driver."""
        self._nvml.close()

    def _device(self, id: str, cores: Sequence[float], memory_used: int) -> DeviceUsage:
        device = self._devices.get(id)
        if device is None:
            return DeviceUsage(id)
        if device.uuid:
            return self._nvml.usage(id, device.uuid)
        share = None if device.core is None or device.core >= len(cores) else cores[device.core]
        return DeviceUsage(id, share, memory_used)


class UsageJournal:
    """The writing end of a run's `usage.jsonl`.

    A full file becomes ``usage.1.jsonl``, in place of the one before, and a new one is begun: the newest hours are kept
    and no disk fills up.

    Args:
        path: The file; it is made by the first sample.
        most_bytes: How large a file may become, give or take a sample; there are two.
    """

    def __init__(self, path: Path, most_bytes: int = USAGE_BYTES) -> None:
        self._journal = Journal(path)
        self._most_bytes = most_bytes

    def append(self, sampled: Sampled) -> None:
        """Write a sample down.

        Raises:
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        path = self._journal.path
        with storage_errors(path.name), contextlib.suppress(FileNotFoundError):
            if path.stat().st_size >= self._most_bytes:
                os.replace(path, former_path(path))
        self._journal.append(sampled)


def read_usage(path: Path) -> list[Recorded]:
    """Every sample that is kept, oldest first; none where there is no file."""
    return [*read_facts(former_path(path)), *read_facts(path)]


def latest_usage(path: Path) -> Sampled | None:
    """The newest sample; None where there is none. However long the file is, only its end is read."""
    for part in (path, former_path(path)):
        facts = [recorded.fact for recorded in parse_lines(_end(part))]
        samples = [fact for fact in facts if isinstance(fact, Sampled)]
        if samples:
            return samples[-1]
    return None


def former_path(path: Path) -> Path:
    """Where the older samples of a file are."""
    return path.with_suffix(f".1{path.suffix}")


def _end(path: Path) -> bytes:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _END_BYTES))
            return stream.read()
    except FileNotFoundError:
        return b""


def _families(pids: Sequence[int]) -> dict[psutil.Process, None]:
    """The processes and all their children, each once."""
    found: dict[psutil.Process, None] = {}
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(pid)
            if leader not in found:
                found.update(dict.fromkeys((leader, *leader.children(recursive=True))))
    return found


def _told(process: psutil.Process) -> tuple[float, int] | None:
    """Percent of a core since it was last asked, and resident bytes; None where it has ended."""
    with contextlib.suppress(psutil.Error), process.oneshot():
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.cpu_percent(), process.memory_info().rss
    return None
