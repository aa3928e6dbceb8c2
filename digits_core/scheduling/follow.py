"""Follow a run from outside: its facts as they come, until it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator

from digits_core.contracts.launcher import Handle, Launcher
from digits_core.events.follower import Follower
from digits_core.events.journal import Recorded
from digits_core.scheduling.states import LAST_WORDS, died
from digits_core.store.job import JobFolder

POLL_S = 0.1


def follow(
    folder: JobFolder, handle: Handle, launcher: Launcher, *, cursor: int = 0, poll_s: float = POLL_S
) -> Iterator[Recorded]:
    """Facts of a job until the process behind ``handle`` has ended.

    A process that this launcher saw end without a last word gets one, so that the cause is kept.

    Args:
        folder: The job.
        handle: The process.
        launcher: What started it.
        cursor: Byte of the journal to start from; 0: from the first fact.
        poll_s: Seconds between looks at the journal.
    """
    follower = Follower(folder.journal.path, cursor)
    spoken = False
    alive = True
    while alive:
        alive = launcher.alive(handle)
        recorded = follower.poll()
        spoken = any([spoken, *(type(item.fact) in LAST_WORDS for item in recorded)])
        yield from recorded
        if alive:
            time.sleep(poll_s)
    code = launcher.exit_code(handle)
    if not spoken and code is not None:
        folder.journal.append(died(code))
        yield from follower.poll()


def journal_end(folder: JobFolder) -> int:
    """The cursor from which only facts to come are followed."""
    path = folder.journal.path
    return path.stat().st_size if path.exists() else 0
