"""What state a job is in: one table of words and moves, and a fold of facts and liveness into one of them.

::

    queued → starting → running → done | failed | aborted
      ↑                    ↓                ↓
      │                 pausing → paused    │
      └────────────────────────────┴────────┘  resume

No state is ever stored: the run that was asked for, the journal and the process say it anew each time, so that nothing
has to be reconciled after a crash. A run whose process is gone without a last word has failed; it goes on from its last
snapshot.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from digits_core.contracts.launcher import Handle, Launcher
from digits_core.events.facts import (
    Fact,
    LastWord,
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    last_word,
)
from digits_core.events.journal import Recorded, read_facts
from digits_core.scheduling.deaths import died
from digits_core.store.job import JobFolder, RunRequest

State = Literal["queued", "starting", "running", "pausing", "paused", "done", "failed", "aborted"]

#: Every state, and those that a job may go to from it.
MOVES: dict[State, frozenset[State]] = {
    "queued": frozenset({"starting", "paused", "aborted"}),
    "starting": frozenset({"running", "pausing", "paused", "failed", "aborted", "queued"}),
    "running": frozenset({"pausing", "done", "failed", "aborted"}),
    "pausing": frozenset({"paused", "done", "failed", "aborted"}),
    "paused": frozenset({"queued", "aborted"}),
    "failed": frozenset({"queued", "aborted"}),
    "done": frozenset(),
    "aborted": frozenset(),
}
#: States in which a process works for the job.
ACTIVE: frozenset[State] = frozenset({"starting", "running", "pausing"})
#: States in which a job waits for nothing but a person.
CLOSED: frozenset[State] = frozenset({"paused", "failed", "done", "aborted"})
#: States from which a job can be resumed.
RESUMABLE: frozenset[State] = frozenset(state for state in CLOSED if "queued" in MOVES[state])
#: Seconds after which a process of another machine counts as gone; shared file systems show a file's age late.
SILENT_S = 120.0
#: The last word of a run, and the state it leaves the job in.
LAST_WORDS: dict[type[LastWord], State] = {
    RunPaused: "paused",
    RunFinished: "done",
    RunFailed: "failed",
    RunAborted: "aborted",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a job stands.

    Attributes:
        state: Its state.
        failure: What went wrong, where it failed.
        run: The run that was asked for last.
        alive: Whether a process of that run lives; it may for a moment after the last word.
        facts: The journal that says so, oldest first.
    """

    state: State
    failure: RunFailed | None = None
    run: RunRequest | None = None
    alive: bool = False
    facts: tuple[Recorded, ...] = ()

    @property
    def active(self) -> bool:
        """Whether a process works for the job."""
        return self.state in ACTIVE

    @property
    def silent(self) -> bool:
        """Whether the run ended without a last word of its own."""
        return self.state == "failed" and self.run is not None and last_word(self._plain(), self.run.number) is None

    @property
    def retries(self) -> bool:
        """Whether it failed and goes on by itself: a wrong request stays wrong, and NaN comes back."""
        if self.state != "failed" or self.run is None or not self.run.retries:
            return False
        details = self.failure.details if self.failure else {}
        return details.get("exit_status") != 2 and details.get("cause") != "not-finite"

    @property
    def at_rest(self) -> bool:
        """Whether it waits for nothing but a person."""
        return self.state in CLOSED and not self.alive and not self.silent and not self.retries

    def _plain(self) -> Iterable[Fact]:
        return (recorded.fact for recorded in self.facts)


def standing(folder: JobFolder, launcher: Launcher) -> Standing:
    """Where the job in ``folder`` stands now."""
    run, handle = folder.run(), folder.process()
    claimed = handle is not None and run is not None and handle.run == run.number
    # Liveness first: a worker that ends in between has left its last word before the journal is read.
    alive = claimed and handle is not None and _is_alive(folder, launcher, handle)
    facts = tuple(read_facts(folder.journal.path))
    plain = [recorded.fact for recorded in facts]
    found = fold(plain, run, claimed=claimed, alive=alive, pause_asked="pause" in folder.asked())
    return dataclasses.replace(found, run=run, alive=alive, facts=facts)


def _is_alive(folder: JobFolder, launcher: Launcher, handle: Handle) -> bool:
    """Whether a process lives; one of another machine that shares the home does while it says so every second."""
    if handle.host in ("", os.uname().nodename):
        return launcher.alive(handle)
    try:
        return time.time() - folder.alive_path.stat().st_mtime < SILENT_S
    except OSError:
        return False


def fold(
    facts: Iterable[Fact], run: RunRequest | None, *, claimed: bool, alive: bool, pause_asked: bool = False
) -> Standing:
    """Fold what happened into a state.

    Args:
        facts: The journal, oldest first.
        run: The run that was asked for last.
        claimed: Whether a process took it up.
        alive: Whether that process lives.
        pause_asked: Whether it is asked to pause.
    """
    facts = tuple(facts)
    if run is None:
        return Standing("queued")
    word = last_word(facts, run.number)
    if word is not None:
        return Standing(LAST_WORDS[type(word)], word if isinstance(word, RunFailed) else None)
    if not claimed:
        return Standing("starting" if run.processes else "queued")
    if not alive:
        return Standing("failed", died(None))
    began = any(isinstance(fact, RunStarted) and fact.run == run.number for fact in facts)
    return Standing("pausing" if pause_asked else "running" if began else "starting")
