"""The request for an evaluation."""

from __future__ import annotations

from pydantic import Field

from digits_core.spec.dataset import DatasetReference, Split
from digits_core.spec.model import Spec
from digits_core.spec.subject import Subject


class EvaluationSpec(Spec):
    """One model to be scored on one split of a dataset."""

    model: str = Field(min_length=1)
    """``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive."""
    dataset: DatasetReference
    """The dataset, `NAME@v0001`."""
    split: Split = "val"
    """Which of its pictures."""
    runtime: str = "native"
    """Name of the runtime that computes; native: a backend."""
    backend: str = ""
    """Name of the backend that computes; empty where none does."""
    devices: str = "auto"
    """What a backend computes on: auto, cpu, gpu or one device, as gpu:1,1."""
    batch: int = Field(default=64, ge=1)
    """Pictures that go through the network together."""

    @property
    def computes(self) -> str:
        """What people know the computing part by: ``onnx``, or the name of a backend."""
        return self.backend or self.runtime

    @property
    def subject(self) -> Subject:
        """What a job is about that does it."""
        return Subject(self.dataset, self.model, self.computes, f"{self.split} pictures")
