"""The devices of this machine, how busy they are and who holds them; no framework is asked, so answers come at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import TypeAlias

from digits_core.errors import DigitsError
from digits_core.events.facts import DeviceUsage
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.monitor import Monitor
from digits_core.service.views.machine import DeviceView
from digits_core.store.home import Home

#: Ids of devices that are held, and the job that holds each.
Holders: TypeAlias = Callable[[], Mapping[str, str]]
#: How long is measured for a first answer, and between two.
FIRST_S, EVERY_S = 0.1, 1.0


def device_views(home: Home | None = None, holders: Holders | None = None) -> tuple[DeviceView, ...]:
    """Every device, measured once.

    Args:
        home: Whose jobs may hold them; None: the default.
        holders: Tells which do, where somebody keeps an eye on them.

    Raises:
        SpecInvalid: If ``DIGITS_CPU_DEVICES`` is no number of devices.
    """
    with closing(watch_devices(home, holders=holders)) as rounds:
        return next(rounds)


def watch_devices(
    home: Home | None = None, every_s: float = EVERY_S, holders: Holders | None = None
) -> Generator[tuple[DeviceView, ...], None, None]:
    """Every device, measured again and again, for as long as somebody asks; the first answer comes at once.

    Args:
        home: Whose jobs may hold them; None: the default.
        every_s: Seconds between two answers.
        holders: Tells which jobs do, where somebody keeps an eye on them.

    Raises:
        SpecInvalid: If ``DIGITS_CPU_DEVICES`` is no number of devices.
    """
    holders = holders or partial(_holders, home or Home.default())
    devices = machine_devices()
    with closing(Monitor(devices)) as monitor:
        pause_s = FIRST_S
        while True:
            due = time.monotonic() + pause_s
            # Holders are looked up while time passes that is needed anyway: a share of it is what is measured.
            held = holders()
            time.sleep(max(0.0, due - time.monotonic()))
            usages = monitor.sample([device.id for device in devices], ()).devices
            yield tuple(
                _view(device, usage, held.get(device.id)) for device, usage in zip(devices, usages, strict=True)
            )
            pause_s = every_s


def _holders(home: Home) -> dict[str, str]:
    """Ids of devices that are held, and the job that holds each."""
    if not home.job_ids():
        return {}
    # Imported where they are needed: they take longer than everything else here together.
    from digits_core.scheduling.leases import held
    from digits_core.scheduling.local import LocalLauncher
    from digits_core.scheduling.states import Standing, standing
    from digits_core.store.index import Index
    from digits_core.store.job import JobFolder

    launcher = LocalLauncher()
    stands: dict[str, Standing] = {}
    for id in Index(home).sync():
        with suppress(DigitsError, OSError):
            stands[id] = standing(JobFolder(home.job_folder(id)), launcher)
    return held(stands)


def _view(device: MachineDevice, usage: DeviceUsage, lease: str | None) -> DeviceView:
    return DeviceView(
        id=device.id,
        kind=device.kind,
        name=device.name,
        memory_total_bytes=device.memory_total_bytes,
        memory_used_bytes=usage.memory_used_bytes,
        utilization_percent=usage.utilization_percent,
        temperature_c=usage.temperature_c,
        power_w=usage.power_w,
        lease=lease,
    )
