"""The worker of a job that trains nothing: ``python -m digits_core.tasks.worker JOB_FOLDER [INDEX]``."""

from __future__ import annotations

import contextlib
import sys

from digits_core.dataset.progress import Silence
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import DatasetSpec
from digits_core.store.job import JobFolder, TaskRequest
from digits_core.tasks.creation import create
from digits_core.tasks.progress import Stopped
from digits_core.tasks.scoring import score
from digits_core.training.control import Control
from digits_core.training.preparation import Member
from digits_core.training.worker import main


def carry(job: JobFolder, control: Control, member: Member) -> None:
    """Do what the job was asked for.

    Raises:
        DigitsError: If it cannot be done.
    """
    request = job.whole_request()
    assert isinstance(request, TaskRequest)
    if isinstance(request.spec, DatasetSpec):
        with contextlib.suppress(Stopped):
            create(job, request.spec, control, discover().dataset_sources, Silence())
    else:
        score(job, request.spec, control, member)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], carry))
