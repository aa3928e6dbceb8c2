"""The request to look at the pictures of a dataset with the eyes of a model."""

from __future__ import annotations

from pydantic import Field

from digits_core.spec.dataset import DatasetReference, Split
from digits_core.spec.model import Spec


class MiningSpec(Spec):
    """A model, and the pictures that it is to look at."""

    model: str = Field(min_length=1)
    """``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive."""
    dataset: DatasetReference | None = None
    """The dataset; empty: the version that the model was trained on."""
    split: Split = "val"
    """Which of its pictures."""
    layer: str | None = None
    """The layer whose activations stand for pictures; empty: what the last dense layer takes."""
    runtime: str | None = None
    """Name of the runtime that computes, or native; empty: onnx where it can."""
    backend: str | None = None
    """Name of the backend that computes; empty: the job's own."""
