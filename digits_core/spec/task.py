"""Requests for jobs that train nothing: what each kind of them is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field

from digits_core.spec.change import ChangeSpec
from digits_core.spec.dataset import DatasetReference, DatasetSpec
from digits_core.spec.evaluation import EvaluationSpec
from digits_core.spec.job import JobSpec
from digits_core.spec.mining import MiningSpec
from digits_core.spec.model import Name, Spec
from digits_core.spec.pictures import PicturesSpec
from digits_core.spec.subject import Subject
from digits_core.spec.top import TopSpec

TaskKind = Literal["dataset", "evaluation", "export", "classification", "top", "errors", "similar", "version", "rate"]
Precision = Literal["fp32", "fp16", "int8"]


class ExportSpec(Spec):
    """A model to be written in the format of another system."""

    model: str = Field(min_length=1)
    """``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive."""
    format: str = Field(min_length=1)
    """Name of the format."""
    precision: Precision = "fp32"
    """Number format of the weights."""
    calibrate: str | None = None
    """``DATASET`` or ``DATASET:split`` whose pictures int8 is calibrated on; empty: the model's own."""
    tolerance: float | None = Field(default=None, ge=0)
    """How far probabilities may differ; empty: as the precision needs."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(model=self.model, words=f"{self.format}, {self.precision}")


class ClassificationSpec(Spec):
    """Pictures to be classified."""

    model: str = Field(min_length=1)
    """``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive."""
    pictures: PicturesSpec
    """The pictures."""
    top: int = Field(default=5, ge=1)
    """How many classes of each."""
    runtime: str | None = None
    """Name of the runtime that computes, or native; empty: onnx where it can."""
    backend: str | None = None
    """Name of the backend that computes; empty: the job's own."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        computes = self.backend or self.runtime or ""
        return Subject(self.pictures.dataset or "", self.model, computes, self.pictures.words)


class RankingSpec(Spec):
    """The pictures that classes score highest, to be found."""

    model: str = Field(min_length=1)
    """``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive."""
    wanted: TopSpec = TopSpec()
    """Whose pictures, of which classes, and how many."""
    runtime: str | None = None
    """Name of the runtime that computes, or native; empty: onnx where it can."""
    backend: str | None = None
    """Name of the backend that computes; empty: the job's own."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        words = f"{self.wanted.split} pictures"
        return Subject(self.wanted.dataset or "", self.model, self.backend or self.runtime or "", words)


class ErrorsSpec(Spec):
    """Pictures that a model doubts, to be found."""

    look: MiningSpec
    """The model, and the pictures that it is to look at."""
    count: int = Field(default=50, ge=1)
    """Most pictures for each reason."""
    by: Literal["margin", "entropy"] = "margin"
    """What tells unsure pictures: two classes equally probable, or many."""
    duplicates: bool = True
    """Whether splits are compared with each other, for which all of them are looked at."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        look = self.look
        return Subject(look.dataset or "", look.model, look.backend or look.runtime or "", f"{look.split} pictures")


class SimilarSpec(Spec):
    """Pictures that are like another one, to be found."""

    look: MiningSpec
    """The model, and where it is to look."""
    image: Path
    """The picture file that they are to be like."""
    called: str = ""
    """What it is called in the answer, where that is not where it is. A server sets it."""
    count: int = Field(default=9, ge=1)
    """How many."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        look = self.look
        computes = look.backend or look.runtime or ""
        words = f"{look.split} pictures like {self.called or self.image.name}"
        return Subject(look.dataset or "", look.model, computes, words)


class VersionSpec(Spec):
    """A new version of a dataset to be made."""

    dataset: DatasetReference
    """The version that is changed: ``NAME``, the newest when it is done, or ``NAME@v0001``."""
    change: Annotated[ChangeSpec, Field(discriminator="action")]
    """What is to be done."""
    new_name: Name | None = None
    """Make a dataset of that name instead, and leave this one alone."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(
            self.dataset, words=f"{self.change.action} to {self.new_name}" if self.new_name else self.change.action
        )


class RateSearchSpec(Spec):
    """A learning rate to be found for a job that may be made."""

    job: JobSpec
    """The job as it would be asked for; its backend is one, and it has no name."""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        job = self.job
        return Subject(job.dataset, computes=job.backend, words=f"{job.solver.name}, batch {job.batch}")


TaskSpec: TypeAlias = (
    DatasetSpec
    | EvaluationSpec
    | ExportSpec
    | ClassificationSpec
    | RankingSpec
    | ErrorsSpec
    | SimilarSpec
    | VersionSpec
    | RateSearchSpec
)


class Task(NamedTuple):
    """A kind of job that trains nothing.

    Attributes:
        spec: What it is asked for.
        does: What it does, for a person.
    """

    spec: type[TaskSpec]
    does: str


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "dataset": Task(DatasetSpec, "makes a dataset"),
        "evaluation": Task(EvaluationSpec, "scores a model"),
        "export": Task(ExportSpec, "exports a model"),
        "classification": Task(ClassificationSpec, "classifies pictures"),
        "top": Task(RankingSpec, "looks for the pictures that classes score highest"),
        "errors": Task(ErrorsSpec, "looks for errors in a dataset"),
        "similar": Task(SimilarSpec, "looks for pictures that are like another one"),
        "version": Task(VersionSpec, "makes a version of a dataset"),
        "rate": Task(RateSearchSpec, "looks for a learning rate"),
    }
)
