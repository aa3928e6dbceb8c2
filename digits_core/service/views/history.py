"""Read models of what happened in a job over time: facts, curves, usage."""

from __future__ import annotations

from typing import Any, TypeAlias

from digits_core.service.views.view import View

#: A point of a curve: steps done, epochs done, and the value.
Point: TypeAlias = tuple[int, float, float]


class EventView(View):
    """A fact of a job's journal."""

    time: float
    """When it was written down, seconds since the epoch."""
    kind: str
    """What happened, for example ``validated``."""
    data: dict[str, Any]
    """Its fields."""
    cursor: str
    """Where to go on after it."""


class EventsView(View):
    """Facts of a job's journal, oldest first."""

    job: str
    """Its id."""
    events: tuple[EventView, ...]
    """What happened after the cursor that was asked for."""
    cursor: str
    """Where to go on."""
    more: bool = False
    """Whether there are more now, left out because they were too many."""


class SeriesView(View):
    """Curves of a job over its steps, by what is drawn; points that a later run went over again are left out."""

    job: str
    """Its id."""
    train: dict[str, tuple[Point, ...]]
    """While training: ``loss``, ``accuracy``, and with several heads ``loss/HEAD`` of each."""
    val: dict[str, tuple[Point, ...]]
    """Of validations: ``loss``, ``accuracy``, ``top5``, and with several heads ``loss/HEAD`` of each."""
    learning_rate: tuple[Point, ...] = ()
    """The learning rate."""
    images_per_second: tuple[Point, ...] = ()
    """The speed."""
    cursor: str
    """How much of the journal is in it; the same as before: nothing is new."""


class DeviceHistoryView(View):
    """What a device was busy with, a value for each moment; none where nobody tells."""

    id: str
    """The device."""
    utilization_percent: tuple[float | None, ...]
    """Share of its time that it worked."""
    memory_used_bytes: tuple[int | None, ...]
    """Memory in use, by whomever; for a CPU device the machine's."""
    temperature_c: tuple[float | None, ...]
    """Degrees Celsius."""
    power_w: tuple[float | None, ...]
    """Watts."""


class UsageHistoryView(View):
    """What a job was busy with, as far back as samples are kept."""

    job: str
    """Its id."""
    times: tuple[float, ...]
    """Moments, seconds since the epoch, oldest first; where samples were many, the middle of several."""
    cpu_percent: tuple[float | None, ...]
    """Processor time of its processes; 100 are one core."""
    memory_bytes: tuple[int | None, ...]
    """Resident memory of its processes."""
    devices: tuple[DeviceHistoryView, ...]
    """Its devices, those of earlier runs too."""
