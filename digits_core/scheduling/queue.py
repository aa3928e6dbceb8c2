"""The queue: in which order waiting jobs have their turns, what each is given now, and what it waits for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from digits_core.errors import DigitsError
from digits_core.scheduling.inventory import machine_devices
from digits_core.scheduling.leases import held
from digits_core.scheduling.requests import Processes, allocate, parse_devices
from digits_core.scheduling.states import Standing
from digits_core.store.job import RunRequest

#: One process that computes on no device of its own.
NO_DEVICES: Processes = ((),)
#: More devices of one job than these are told by their number.
MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn of a job that waits.

    Attributes:
        id: The job.
        run: What it asks for.
        position: Its place in the queue, from 1.
        processes: What it is given now, for each process the ids of its devices; none where it has to wait.
        blocked: Ids of devices that are kept for it, and the job that holds each or comes first; empty: it is not here.
        trouble: Why its request cannot be met at all.
    """

    id: str
    run: RunRequest
    position: int
    processes: Processes = ()
    blocked: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def waits_for(self) -> str:
        """What it waits for, in words for a person."""
        if self.trouble:
            return self.trouble
        if self.run.awaits:
            return f"its dataset, which job {self.run.awaits} makes"
        if self.processes:
            return "a scheduler, which starts it at once: digits scheduler"
        if not self.blocked:
            return f"devices {self.run.wanted}, which are not here"
        holders = dict.fromkeys(self.blocked.values())
        return ", ".join(
            _share(holder, [id for id in self.blocked if self.blocked[id] == holder]) for holder in holders
        )


def turns(stands: Mapping[str, Standing], kinds: Callable[[str], tuple[str, ...]]) -> Iterator[Turn]:
    """The turns of all jobs that wait, by priority and ticket.

    What one is given or waits for is kept from all that follow, so that a job which wants several devices is not
    starved by later ones which want one.

    Args:
        stands: Where every job stands that is not closed.
        kinds: For a backend the kinds of devices that it drives.
    """
    waiting = [(id, stand.run) for id, stand in stands.items() if stand.state == "queued" and stand.run]
    # The other machines of a run look for the first one where they were told.
    waiting = [(id, run) for id, run in waiting if run.host in ("", os.uname().nodename)]
    if not waiting:
        return
    devices = machine_devices()
    here = {device.id for device in devices}
    taken = held(stands)
    waiting.sort(key=lambda item: (-item[1].priority, item[1].ticket, item[0]))
    for position, (id, run) in enumerate(waiting, 1):
        if run.awaits:
            # Nothing is kept for it: nobody knows when it can begin.
            yield Turn(id, run, position)
            continue
        if not run.wanted:
            yield Turn(id, run, position, NO_DEVICES)
            continue
        free = here - taken.keys()
        try:
            processes, kept = allocate(parse_devices(run.wanted), devices, free, kinds(run.backend))
        except DigitsError as reason:
            yield Turn(id, run, position, trouble=str(reason))
            continue
        blocked = {device: taken.get(device, "") for device in sorted(kept - free)}
        taken = {**dict.fromkeys(kept, id), **taken}
        yield Turn(id, run, position, processes, blocked)


def _share(holder: str, ids: list[str]) -> str:
    named = ", ".join(ids) if len(ids) <= MOST_NAMED else f"{len(ids)} devices"
    return f"{named} (job {holder})" if holder else f"{named} (not here)"
