"""The evaluation of a model as a job."""

from __future__ import annotations

import json

from digits_core.contracts.runtime import Runtime
from digits_core.dataset.opened import open_dataset
from digits_core.dataset.progress import Silence
from digits_core.disk import write_file
from digits_core.hooks.registry import discover
from digits_core.inference.evaluate import Evaluation, Scorer
from digits_core.inference.guesses import Guesses
from digits_core.inference.model import Model, load_model
from digits_core.inference.pictures import SplitPictures
from digits_core.inference.predicting import predict
from digits_core.inference.runtimes import BackendRuntime
from digits_core.spec.dataset import split_reference
from digits_core.spec.evaluation import EvaluationSpec
from digits_core.store.job import JobFolder
from digits_core.tasks.progress import JournaledProgress, Stopped
from digits_core.training.control import Control
from digits_core.training.preparation import Member, own_device, require_run


def score(job: JobFolder, spec: EvaluationSpec, control: Control, member: Member) -> None:
    """Score the model of ``job``; keep what was found as ``evaluation.json``, and each picture's as ``guesses.npy``.

    Args:
        job: The job.
        spec: What it was asked for.
        control: What a person wants of it.
        member: Which process this is.

    Raises:
        Stopped: If it was asked to end; its last word is said.
        DigitsError: If the model, the dataset or the backend is not what it should be.
    """
    model = load_model(job.home, spec.model)
    name, version = split_reference(spec.dataset)
    dataset = open_dataset(job.home.dataset_folder(name), version)
    reader, labels = dataset.split(spec.split), dataset.manifest.labels
    progress = JournaledProgress(job, control, Silence(), spec.computes)
    progress.start(len(reader), f"Scoring {spec.model}")
    scorer, guesses = Scorer(model.labels, labels), Guesses(len(reader), len(model.labels))
    predictor = _runtime(job, spec, model, member).load(model.graph, model.arrays)
    try:
        for numbers, logits, _ in predict(
            predictor, model.graph.output, SplitPictures(reader, labels, model), spec.batch
        ):
            scorer.add(logits, reader.labels[numbers])
            guesses.add(numbers, logits)
            progress.advance(len(numbers))
    except Stopped as stopped:
        progress.stop(stopped)
        raise
    finally:
        predictor.close()
    guesses.write(job.path / "guesses.npy")
    write_evaluation(job, scorer.evaluation())
    progress.finish()


def _runtime(job: JobFolder, spec: EvaluationSpec, model: Model, member: Member) -> Runtime:
    plugins = discover()
    if spec.runtime != BackendRuntime.name:
        return plugins.runtimes.get(spec.runtime)()
    run = require_run(job)
    backend = plugins.backends.get(run.backend)()
    return BackendRuntime(backend, model.options, own_device(backend, run, member))


def write_evaluation(job: JobFolder, found: Evaluation) -> None:
    """Keep what was found in the folder of ``job``."""
    write_file(job.path / "evaluation.json", json.dumps(found.to_dict()))
