"""What state a job is in: one table of words, and a fold of facts and liveness into one of them.

::

    queued → starting → running → done | failed | aborted
                           ↓  ↑
                        pausing → paused

No state is ever stored: the journal, the control files and the process say it anew each time, so that nothing has to be
reconciled after a crash. A run whose process is gone without a last word has failed; it goes on from its last snapshot.
"""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from digits_core.contracts.launcher import Launcher
from digits_core.events.facts import Fact, RunAborted, RunFailed, RunFinished, RunPaused, RunStarted
from digits_core.events.journal import Recorded, read_facts
from digits_core.store.job import JobFolder

State = Literal["queued", "starting", "running", "pausing", "paused", "done", "failed", "aborted"]

#: States in which a process works for the job.
ACTIVE: frozenset[State] = frozenset({"starting", "running", "pausing"})
#: States from which a job can be resumed.
RESUMABLE: frozenset[State] = frozenset({"queued", "paused", "failed"})
#: The last word of a run, and the state it leaves the job in.
LAST_WORDS: dict[type[Fact], State] = {
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
        facts: The journal that says so, oldest first.
    """

    state: State
    failure: RunFailed | None = None
    facts: tuple[Recorded, ...] = ()

    @property
    def active(self) -> bool:
        """Whether a process works for the job."""
        return self.state in ACTIVE


def standing(folder: JobFolder, launcher: Launcher) -> Standing:
    """Where the job in ``folder`` stands now."""
    handle = folder.process()
    # Liveness first: a worker that ends in between has left its last word before the journal is read.
    alive = handle is not None and launcher.alive(handle)
    run = folder.run()
    facts = tuple(read_facts(folder.journal.path))
    found = fold(
        [recorded.fact for recorded in facts],
        run=run.number if run and handle else 0,
        alive=alive,
        pause_asked="pause" in folder.asked(),
    )
    return dataclasses.replace(found, facts=facts)


def fold(facts: Iterable[Fact], *, run: int, alive: bool, pause_asked: bool = False) -> Standing:
    """Fold what happened into a state.

    Args:
        facts: The journal, oldest first.
        run: Number of the run that was started last; 0 where no process was.
        alive: Whether its process lives.
        pause_asked: Whether it is asked to pause.
    """
    started, word, spoke = 0, None, 0
    for fact in facts:
        if isinstance(fact, RunStarted):
            started, word = fact.run, None
        elif type(fact) in LAST_WORDS:
            # A worker that fails before it starts speaks too: a second word in a row is that of the next run.
            spoke = max(started, spoke + 1)
            word = fact
    if alive and run > started and spoke < run:
        return Standing("starting")
    if alive and word is None:
        return Standing("pausing" if pause_asked else "running")
    if word is not None and (spoke >= run or isinstance(word, RunFailed)):
        return Standing(LAST_WORDS[type(word)], word if isinstance(word, RunFailed) else None)
    if run == 0:
        return Standing("queued")
    return Standing("failed", died(None))


def died(exit_code: int | None) -> RunFailed:
    """The last word on behalf of a process that left none.

    Args:
        exit_code: Its exit code, negative for a signal; None where nobody saw it end.
    """
    message = "The training process ended without a word"
    hint = "Read its log, then resume the job: it goes on from its last snapshot."
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else f"signal {-exit_code}"
        message = f"The training process was killed by {name}"
        if -exit_code == signal.SIGKILL:
            hint = f"Where nobody did that, memory ran out: use a smaller batch. {hint}"
    elif exit_code is not None:
        message = f"{message}, exit code {exit_code}"
    return RunFailed(0, f"{message}.", hint)
