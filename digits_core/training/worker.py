"""The worker: ``python -m digits_core.training.worker JOB_FOLDER [INDEX]`` carries one run of a job, or a share of it.

It reads the folder, trains, and writes into the folder; nothing else is shared with whoever started it. Several of them
train together when ``DIGITS_ADDRESSES`` names where each listens; process 0 leads, and is the only one that writes
progress and snapshots. Exit status 0: the run finished, paused or was aborted; 1: it failed, and the journal says why.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from digits_core.contracts.backend import State
from digits_core.contracts.launcher import ADDRESSES, DEVICES, LIFELINE
from digits_core.errors import DigitsError, LossNotFinite, Problem
from digits_core.events.facts import Fact, RunAborted, RunFailed, RunFinished, RunPaused, RunStarted, TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.store.job import JobFolder
from digits_core.training.control import Control
from digits_core.training.diagnosis import advice, locate
from digits_core.training.loop import Fate, Training, train
from digits_core.training.preparation import ALONE, Member, Start, newest_start, prepare

#: What is done with a job, until its last word is in the journal.
Carry: TypeAlias = Callable[[JobFolder, Control, Member], None]

ORPHANED = 3


def main(arguments: Sequence[str], carry: Carry | None = None) -> int:
    """Carry the run of the job folder in ``arguments``; returns the exit status.

    Args:
        arguments: The job's folder, and the number of this process among several.
        carry: What to do with it; empty: train.
    """
    if len(arguments) not in (1, 2):
        print("usage: python -m digits_core.training.worker JOB_FOLDER [INDEX]", file=sys.stderr)
        return 2
    if os.environ.get(LIFELINE):
        threading.Thread(target=hang_on, daemon=True).start()
    # Whoever finds that training stands still asks where.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    job = JobFolder(Path(arguments[0]).absolute())
    addresses = _words(os.environ.get(ADDRESSES, ""))
    devices = tuple(_words(process) for process in _words(os.environ.get(DEVICES, ""), ";"))
    control = Control(job)
    control.listen()
    member = Member(int(arguments[1]) if len(arguments) == 2 else 0, addresses, devices)
    return work(job, control, member, carry)


def _words(text: str, sign: str = ",") -> tuple[str, ...]:
    return tuple(filter(None, text.split(sign)))


def hang_on() -> None:
    """End at once when the process at the other end of standard input does: nobody would stop this one otherwise."""
    while os.read(0, 1024):
        pass
    os._exit(ORPHANED)


def work(job: JobFolder, control: Control, member: Member = ALONE, carry: Carry | None = None) -> int:
    """Carry the run and write down how it ended, whatever happens; returns the exit status."""
    try:
        (carry or _train)(job, control, member)
    except DigitsError as reason:
        print(reason, file=sys.stderr)
        message = " ".join(str(Problem(problem.message, problem.where)) for problem in reason.problems)
        cause = {"cause": "not-finite"} if isinstance(reason, LossNotFinite) else {}
        return _fail(job, message, reason.hint, {"exit_status": reason.exit_status, **cause})
    except Exception as reason:
        traceback.print_exc()
        return _fail(job, _cause(reason), advice(reason), {"exit_status": 1})
    return 0


def _train(job: JobFolder, control: Control, member: Member) -> None:
    training, start = prepare(job, control, member)
    try:
        fate, step = train(training, _load(training, start), start.step)
    except LossNotFinite as reason:
        if len(member.addresses) > 1:
            raise
        problem = reason.problems[0]
        found = locate(training, newest_start(job))
        raise LossNotFinite(Problem(f"{problem.message} {found}".rstrip(), problem.where, problem.hint)) from None
    finally:
        training.program.close()
    if training.team.leads:
        job.journal.append(_ending(training, fate, step, _run_number(job)))
        job.clear_asked()


def _load(training: Training, start: Start) -> State:
    state = training.program.load(start.arrays)
    # The program has its own copy; a second one would cost its memory for the whole run.
    start.arrays.clear()
    return state


def _ending(training: Training, fate: Fate, step: int, run: int) -> Fact:
    if fate == "aborted":
        return RunAborted(step, run)
    if fate == "paused":
        return RunPaused(step, run)
    reason, stopping = "completed", training.spec.early_stopping
    if fate == "stopped-early" and stopping:
        reason = f"stopped early: {stopping.metric} has not improved for {stopping.patience} validations"
    return RunFinished(step, reason, training.meter.images_per_second, training.meter.first_step_s, run)


def _fail(job: JobFolder, message: str, hint: str, details: dict[str, Any]) -> int:
    try:
        run = _run_number(job)
        facts = [recorded.fact for recorded in read_facts(job.journal.path)]
        # Of several processes that fail one after the other, the first knows why.
        if not any(isinstance(fact, RunFailed) and fact.run == run for fact in facts):
            job.journal.append(RunFailed(_last_step(facts), message, hint, details, run))
    except (DigitsError, OSError) as reason:
        print(reason, file=sys.stderr)
    return 1


def _run_number(job: JobFolder) -> int:
    run = job.run()
    return run.number if run else 0


def _last_step(facts: Sequence[Fact]) -> int:
    return next((fact.step for fact in reversed(facts) if isinstance(fact, (RunStarted, TrainingLogged))), 0)


def _cause(reason: Exception) -> str:
    lines = str(reason).strip().splitlines()
    return f"{type(reason).__name__}: {lines[0]}" if lines else type(reason).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
