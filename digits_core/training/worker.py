"""The worker: ``python -m digits_core.training.worker JOB_FOLDER`` carries one run of a job.

It reads the folder, trains, and writes into the folder; nothing else is shared with whoever started it. Exit status 0:
the run finished, paused or was aborted; 1: it failed, and the journal says why.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from digits_core.contracts.backend import State
from digits_core.errors import DigitsError, Problem
from digits_core.events.facts import Fact, RunAborted, RunFailed, RunFinished, RunPaused, RunStarted, TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.store.job import JobFolder
from digits_core.training.control import Control
from digits_core.training.loop import Fate, Training, train
from digits_core.training.preparation import Start, prepare

_MEMORY_SIGNS = ("out of memory", "outofmemory", "resource_exhausted", "memoryerror")


def main(arguments: Sequence[str]) -> int:
    """Carry the run of the job folder in ``arguments``; returns the exit status."""
    if len(arguments) != 1:
        print("usage: python -m digits_core.training.worker JOB_FOLDER", file=sys.stderr)
        return 2
    job = JobFolder(Path(arguments[0]).absolute())
    control = Control(job)
    control.listen()
    return work(job, control)


def work(job: JobFolder, control: Control) -> int:
    """Carry the run and write down how it ended, whatever happens; returns the exit status."""
    try:
        _carry(job, control)
    except DigitsError as reason:
        print(reason, file=sys.stderr)
        message = " ".join(str(Problem(problem.message, problem.where)) for problem in reason.problems)
        return _fail(job, message, reason.hint, reason.exit_status)
    except Exception as reason:
        traceback.print_exc()
        return _fail(job, _cause(reason), _advice(reason))
    return 0


def _carry(job: JobFolder, control: Control) -> None:
    training, start = prepare(job, control)
    try:
        fate, step = train(training, _load(training, start), start.step)
    finally:
        training.program.close()
    job.journal.append(_ending(training, fate, step))
    job.clear_asked()


def _load(training: Training, start: Start) -> State:
    state = training.program.load(start.arrays)
    # The program has its own copy; a second one would cost its memory for the whole run.
    start.arrays.clear()
    return state


def _ending(training: Training, fate: Fate, step: int) -> Fact:
    if fate == "aborted":
        return RunAborted(step)
    if fate == "paused":
        return RunPaused(step)
    reason, stopping = "completed", training.spec.early_stopping
    if fate == "stopped-early" and stopping:
        reason = f"stopped early: {stopping.metric} has not improved for {stopping.patience} validations"
    return RunFinished(step, reason, training.meter.images_per_second, training.meter.first_step_s)


def _fail(job: JobFolder, message: str, hint: str, exit_status: int = 1) -> int:
    try:
        job.journal.append(RunFailed(_last_step(job), message, hint, {"exit_status": exit_status}))
    except (DigitsError, OSError) as reason:
        print(reason, file=sys.stderr)
    return 1


def _last_step(job: JobFolder) -> int:
    facts = (recorded.fact for recorded in reversed(read_facts(job.journal.path)))
    return next((fact.step for fact in facts if isinstance(fact, (RunStarted, TrainingLogged))), 0)


def _cause(reason: Exception) -> str:
    lines = str(reason).strip().splitlines()
    return f"{type(reason).__name__}: {lines[0]}" if lines else type(reason).__name__


def _advice(reason: Exception) -> str:
    if any(sign in f"{type(reason).__name__}: {reason}".lower() for sign in _MEMORY_SIGNS):
        return "The device's memory is full: lower the batch size, or train on smaller pictures."
    return "The job's log.txt has the details."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
