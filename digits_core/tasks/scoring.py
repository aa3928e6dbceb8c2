"""The evaluation of a model as a job."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing

from digits_core.contracts.backend import Batch, BuildContext
from digits_core.dataset.loader import EvaluationLoader
from digits_core.dataset.opened import open_dataset
from digits_core.disk import write_file
from digits_core.events.facts import Progressed, RunAborted, RunFinished, RunPaused, RunStarted
from digits_core.hooks.registry import discover
from digits_core.inference.evaluate import Evaluation, Scorer
from digits_core.inference.model import load_model
from digits_core.spec.evaluation import EvaluationSpec
from digits_core.spec.solver import Sgd
from digits_core.store.job import JobFolder
from digits_core.tasks.creation import TELL_S
from digits_core.training.control import Control
from digits_core.training.prefetch import prefetch
from digits_core.training.preparation import Member, own_device, require_run


def score(job: JobFolder, spec: EvaluationSpec, control: Control, member: Member) -> None:
    """Score the model of ``job`` and keep what was found as ``evaluation.json``.

    Args:
        job: The job.
        spec: What it was asked for.
        control: What a person wants of it.
        member: Which process this is.

    Raises:
        DigitsError: If the model, the dataset or the backend is not what it should be.
    """
    run = require_run(job)
    model = load_model(job.home, spec.model)
    dataset = open_dataset(job.home.dataset_folder(spec.dataset))
    reader = dataset.split(spec.split)
    backend = discover().backends.get(run.backend)()
    device = own_device(backend, run, member)
    job.journal.append(RunStarted(run.number, run.backend, run.devices, 0, len(reader), len(reader)))
    program = backend.build(model.graph, Sgd(), model.options, BuildContext(device, batch=spec.batch))
    taken = model.graph.input
    crop = taken.height if (taken.height, taken.width) != reader.shape[:2] else None
    loader = EvaluationLoader(reader, spec.batch, crop)
    scorer = Scorer(model.labels, dataset.manifest.labels)
    began = told = time.monotonic()
    try:
        state = program.load(model.arrays)
        for batch in _batches(loader):
            scorer.add(program.predict(state, batch.images)[model.graph.output], batch.labels, batch.weights)
            control.beat()
            if wish := control.wish():
                word = RunAborted if wish == "abort" else RunPaused
                job.journal.append(word(scorer.seen, run.number))
                return job.clear_asked()
            if time.monotonic() - told >= TELL_S:
                told = time.monotonic()
                job.journal.append(Progressed(scorer.seen))
    finally:
        program.close()
    write_evaluation(job, scorer.evaluation())
    speed = scorer.seen / max(time.monotonic() - began, 1e-9)
    job.journal.append(RunFinished(scorer.seen, "completed", speed, 0.0, run.number))


def write_evaluation(job: JobFolder, found: Evaluation) -> None:
    """Keep what was found in the folder of ``job``."""
    write_file(job.path / "evaluation.json", json.dumps(found.to_dict()))


def _batches(loader: EvaluationLoader) -> Iterator[Batch]:
    with closing(prefetch(loader.batch, range(len(loader)))) as batches:
        yield from batches
