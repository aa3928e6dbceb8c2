"""The creation of a dataset as a job."""

from __future__ import annotations

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset.create import create_dataset
from digits_core.dataset.manifest import DatasetManifest
from digits_core.dataset.progress import Progress
from digits_core.hooks.registry import Registry
from digits_core.spec.about import About
from digits_core.spec.dataset import DatasetSpec
from digits_core.store.about import read_about, write_about
from digits_core.store.job import JobFolder
from digits_core.tasks.progress import JournaledProgress, Stopped
from digits_core.training.control import Control


def create(
    job: JobFolder, spec: DatasetSpec, control: Control, sources: Registry[DatasetSource], watching: Progress
) -> DatasetManifest:
    """Make the dataset of ``job`` and write down how far it is and how it ended.

    What people say about the job, they say about the dataset.

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
    progress = JournaledProgress(job, control, watching)
    try:
        manifest = create_dataset(spec, job.home.dataset_folder(spec.name), sources, progress)
    except Stopped as stopped:
        progress.stop(stopped)
        raise
    hand_on(job, spec.name)
    progress.finish()
    return manifest


def hand_on(job: JobFolder, dataset: str) -> None:
    """Have said of a new dataset what people say of the job that has made it."""
    if (about := read_about(job.path)) != About():
        write_about(job.home.dataset_folder(dataset), about)
