"""Jobs that train nothing, as the service asks for them: datasets that are made, and jobs that wait for one."""

from __future__ import annotations

import datetime
import os

import psutil

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.contracts.launcher import Handle
from digits_core.dataset.create import with_absolute_paths
from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.progress import Progress, Silence
from digits_core.errors import JobFailed, NameTaken
from digits_core.hooks.registry import Registry
from digits_core.inference.model import plain_name
from digits_core.scheduling.queue import NO_DEVICES
from digits_core.scheduling.scheduler import next_ticket, turn
from digits_core.service.resolve import free_name
from digits_core.service.runs import Runs, remove
from digits_core.spec.dataset import DatasetSpec, split_reference
from digits_core.spec.task import TaskKind, TaskSpec
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, RunRequest, TaskRequest


def create_attached(
    home: Home, runs: Runs, spec: DatasetSpec, sources: Registry[DatasetSource], watching: Progress | None
) -> DatasetManifest:
    """Make a dataset in this process.

    It is a job for as long as it takes, so that others see it and can wait for it; then it leaves no record, since
    whoever asked for it has seen how it ended.

    Raises:
        NameTaken: If another job is making a dataset of that name.
        JobFailed: If another command stopped it.
        DigitsError: As `digits_core.dataset.create.create_dataset` does.
    """
    # Imported where it is needed: nothing else here knows how the work is done.
    from digits_core.tasks.creation import create
    from digits_core.tasks.progress import Stopped
    from digits_core.training.control import Control

    own = psutil.Process()
    with turn(home):
        run = RunRequest(backend="", wanted="", processes=NO_DEVICES, trains=False, attached=True)
        folder = _creation(home, runs, spec, run)
        folder.write_process(Handle(own.pid, own.create_time(), os.uname().nodename, run.number))
    try:
        return create(folder, spec, Control(folder), sources, watching or Silence())
    except Stopped:
        raise JobFailed(f"Another command stopped the creation of dataset {spec.name}.") from None
    finally:
        remove(folder.path, "job")


def submit_creation(home: Home, runs: Runs, spec: DatasetSpec) -> JobFolder:
    """Let the creation of a dataset be done by whoever starts jobs.

    Raises:
        NameTaken: If another job is making a dataset of that name.
    """
    ticket = next_ticket(home)
    with turn(home):
        return _creation(home, runs, spec, RunRequest(backend="", wanted="", ticket=ticket, trains=False))


def submit_task(
    home: Home, runs: Runs, kind: TaskKind, spec: TaskSpec, *, backend: str = "", wanted: str = ""
) -> JobFolder:
    """Make a job that trains nothing; where it asks for no devices, it runs while others train on all of them.

    Args:
        home: Where.
        runs: Its runs.
        kind: What it does.
        spec: What it is asked for.
        backend: The backend that computes, if one does.
        wanted: The devices that it is to compute on.
    """
    ticket = next_ticket(home)
    run = RunRequest(backend=backend, wanted=wanted, ticket=ticket, trains=False)
    with turn(home):
        return _created(home, runs, kind, spec, run)


def _creation(home: Home, runs: Runs, spec: DatasetSpec, run: RunRequest) -> JobFolder:
    if (other := runs.making(spec.name)) is not None:
        raise NameTaken(
            f"Job {other.id} is making a dataset {spec.name!r} already.",
            hint=f"Choose another name, or wait for it: digits job watch {other.id}.",
        )
    return _created(home, runs, "dataset", with_absolute_paths(spec), run)


def _created(home: Home, runs: Runs, kind: TaskKind, spec: TaskSpec, run: RunRequest) -> JobFolder:
    """The job, called by what it does and to what."""
    about = plain_name(spec.subject.model) or split_reference(spec.subject.dataset)[0]
    id = free_name(f"{kind}-{about}", home)
    runs.forget(id)
    return JobFolder.create(home, TaskRequest(kind=kind, id=id, created=now(), spec=spec), None, run)


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
