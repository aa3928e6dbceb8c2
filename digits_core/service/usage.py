"""What jobs were busy with over time, averaged into as many moments as are drawn."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.events.facts import Sampled
from digits_core.events.journal import Recorded
from digits_core.scheduling.monitor import former_path
from digits_core.service.following import Folds, require_number
from digits_core.service.views.history import DeviceHistoryView, UsageHistoryView
from digits_core.store.job import JobFolder

MEASURES = ("utilization_percent", "memory_used_bytes", "temperature_c", "power_w")
#: Values over time; NaN where nobody tells.
Track: TypeAlias = "array[float]"


class Samples:
    """The samples of one job; of a long run there are many, so they are kept as plain numbers."""

    def __init__(self) -> None:
        self.times, self.cpu, self.memory = array("d"), array("d"), array("d")
        self.devices: dict[str, dict[str, Track]] = {}

    def add(self, item: Recorded) -> None:
        """Take one in."""
        if not isinstance(item.fact, Sampled):
            return
        self.times.append(item.time)
        self.cpu.append(_number(item.fact.cpu_percent))
        self.memory.append(item.fact.memory_bytes)
        told = {device.id: device for device in item.fact.devices}
        for id in told.keys() - self.devices.keys():
            self.devices[id] = {name: array("d", [math.nan]) * (len(self.times) - 1) for name in MEASURES}
        for id, tracks in self.devices.items():
            for name, track in tracks.items():
                track.append(_number(getattr(told.get(id), name, None)))


class Usages:
    """The usage of jobs, remembered between two looks."""

    def __init__(self) -> None:
        self._folds = Folds(Samples)

    def view(self, folder: JobFolder, points: int) -> UsageHistoryView:
        """What the job in ``folder`` was busy with, at no more than ``points`` moments.

        Raises:
            SpecInvalid: If that are fewer than 2.
        """
        require_number("points", points, 2)
        path = folder.usage_path
        return self._folds.read(path, lambda kept, _: _history(folder.id, kept, points), former_path(path))


def _history(job: str, kept: Samples, points: int) -> UsageHistoryView:
    return UsageHistoryView(
        job=job,
        times=tuple(round(value, 3) for value in _averaged(kept.times, points) if value is not None),
        cpu_percent=_averaged(kept.cpu, points),
        memory_bytes=_whole(_averaged(kept.memory, points)),
        devices=tuple(_device(id, kept.devices[id], points) for id in sorted(kept.devices)),
    )


def _device(id: str, tracks: dict[str, Track], points: int) -> DeviceHistoryView:
    utilization, memory, temperature, power = (_averaged(tracks[name], points) for name in MEASURES)
    return DeviceHistoryView(
        id=id,
        utilization_percent=utilization,
        memory_used_bytes=_whole(memory),
        temperature_c=temperature,
        power_w=power,
    )


def _averaged(track: Track, points: int) -> tuple[float | None, ...]:
    """The mean of each of at most ``points`` stretches of equal length, of what is known.

    >>> _averaged(array("d", [1, 3, math.nan, 5, math.nan, math.nan]), 3)
    (2.0, 5.0, None)
    """
    if not track:
        return ()
    stretches = np.array_split(np.array(track), min(points, len(track)))
    return tuple(_mean(stretch[~np.isnan(stretch)]) for stretch in stretches)


def _mean(known: npt.NDArray[np.float64]) -> float | None:
    return float(known.mean()) if known.size else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _whole(values: Sequence[float | None]) -> tuple[int | None, ...]:
    return tuple(None if value is None else round(value) for value in values)
