"""The creation of a dataset as a job."""

from __future__ import annotations

import time

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset.create import create_dataset
from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.progress import Progress
from digits_core.events.facts import Progressed, RunAborted, RunFinished, RunPaused, RunStarted
from digits_core.hooks.registry import Registry
from digits_core.spec.dataset import DatasetSpec
from digits_core.store.job import JobFolder, Wish
from digits_core.training.control import Control

#: Seconds between two facts about progress.
TELL_S = 1.0


class Stopped(Exception):
    """A person wants the creation to end.

    Args:
        wish: What was asked for.
    """

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish)
        self.wish = wish


def create(
    job: JobFolder, spec: DatasetSpec, control: Control, sources: Registry[DatasetSource], watching: Progress
) -> DatasetManifest:
    """Make the dataset of ``job`` and write down how far it is and how it ended.

    Args:
        job: The job.
        spec: What it was asked for.
        control: What a person wants of it.
        sources: Dataset sources by name.
        watching: Is told how far it is, besides the journal.

    Raises:
        Stopped: If it was asked to end; nothing is kept, and its last word is said.
        DigitsError: If the pictures cannot become a dataset; the last word is the caller's.
    """
    run = job.run()
    number = run.number if run else 0
    progress = _Journaled(job, number, control, watching)
    try:
        manifest = create_dataset(spec, job.home.dataset_folder(spec.name), sources, progress)
    except Stopped as stopped:
        word = RunAborted if stopped.wish == "abort" else RunPaused
        job.journal.append(word(0, number))
        job.clear_asked()
        raise
    job.journal.append(progress.finished())
    return manifest


class _Journaled:
    """Progress that goes into the journal, and on to who watches; ends the work when somebody asks."""

    def __init__(self, job: JobFolder, run: int, control: Control, watching: Progress) -> None:
        self._job, self._run, self._control, self._watching = job, run, control, watching
        self._done, self._began = 0, time.monotonic()
        self._told = self._began

    def start(self, total: int, what: str) -> None:
        """Say how much there is to do."""
        self._began = self._told = time.monotonic()
        self._job.journal.append(RunStarted(self._run, "", (), 0, total, total))
        self._watching.start(total, what)

    def advance(self, count: int) -> None:
        """Say how far it is, once a second."""
        if wish := self._control.wish():
            raise Stopped(wish)
        self._done += count
        self._watching.advance(count)
        self._control.beat()
        if time.monotonic() - self._told >= TELL_S:
            self._told = time.monotonic()
            self._job.journal.append(Progressed(self._done))

    def finished(self) -> RunFinished:
        """The last word after a good end."""
        seconds = max(time.monotonic() - self._began, 1e-9)
        return RunFinished(self._done, "completed", self._done / seconds, 0.0, self._run)
