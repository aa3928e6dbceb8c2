"""Read models of jobs before they are made, and of several jobs side by side."""

from __future__ import annotations

from typing import Any

from digits_core.service.views.jobs import JobView
from digits_core.service.views.view import View


class ProblemView(View):
    """One thing that is wrong with a request."""

    message: str
    """What was expected, and what was found."""
    where: str = ""
    """Key of the request, for example ``solver.sgd.rate``; empty: no single one."""
    hint: str = ""
    """What to do about it."""


class PlanView(View):
    """What would come of a request; what cannot be said before problems are put right is absent."""

    problems: tuple[ProblemView, ...]
    """Everything that is wrong; none: it would be made."""
    name: str | None = None
    """What the job would be called."""
    network: str | None = None
    """Name of the network."""
    dataset: str | None = None
    """Name of the dataset."""
    dataset_version: str | None = None
    """Which version of it."""
    backend: str | None = None
    """The backend that ``auto`` stands for."""
    devices: int | None = None
    """On how many devices it would train together, each with a share of every batch."""
    pictures: int | None = None
    """Pictures to train on."""
    batch_size: int | None = None
    """Pictures per step, over all devices."""
    steps_per_epoch: int | None = None
    """Steps until every picture was used once, rounded."""
    total_steps: int | None = None
    """Steps from the start to the end."""
    parameters: int | None = None
    """Weights of the network."""
    trained_parameters: int | None = None
    """Those of them that are trained."""
    flops: int | None = None
    """Floating-point operations to classify one picture."""
    memory_bytes: int | None = None
    """About what training takes on each device, without the framework."""
    memory_available_bytes: int | None = None
    """What each device has."""
    notes: tuple[str, ...] = ()
    """What a person should know before it starts."""
    checked: bool = True
    """Whether the backend was asked whether it can do it."""


class DifferenceView(View):
    """A key in which jobs differ."""

    key: str
    """The key, for example ``solver.rate``."""
    values: tuple[Any, ...]
    """Its value in each job; none where a job has no such key."""


class ResultView(View):
    """A result of several jobs."""

    key: str
    """What it is: ``val/loss`` is the newest one, ``best val/loss`` that of the best snapshot."""
    values: tuple[float | None, ...]
    """Its value for each job; none where there is none."""
    best: tuple[int, ...] = ()
    """Places of the jobs that did best, from 0; none where better has no meaning, or all are equal."""


class ComparisonView(View):
    """Several jobs side by side."""

    jobs: tuple[JobView, ...]
    """The jobs, in the order in which they were named."""
    differing: tuple[DifferenceView, ...]
    """What was asked for differently."""
    results: tuple[ResultView, ...]
    """What came of it."""
