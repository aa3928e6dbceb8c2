"""Jobs before they are made, several at once, and jobs side by side."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field

from digits_core.errors import Problem, SpecInvalid
from digits_core.service.views.plan import ComparisonView, PlanView
from digits_core.spec.job import JobSpec
from digits_core.spec.model import Name, parse
from digits_web.api.acting import Editor, Site
from digits_web.api.bodies import BodySpec, Describes, named, told
from digits_web.api.jobs import Asked, JobsView
from digits_web.outside import job_request

router = APIRouter(tags=["jobs"])


class SweepRequest(BodySpec):
    """One request with several rates and batch sizes: a job for each pair."""

    request: Annotated[dict[str, Any], Describes(JobSpec)]
    """What they have in common."""
    rates: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=(), max_length=100)
    """Learning rates; empty: that of the request."""
    batches: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=100)
    """Batch sizes; empty: that of the request."""


AskedSweep = Annotated[
    dict[str, Any],
    Describes(SweepRequest),
    Body(
        openapi_examples={
            "rates": {
                "summary": "Two rates and two batch sizes: four jobs",
                "value": {
                    "request": {"dataset": "mnist", "network": "lenet", "epochs": 5},
                    "rates": [0.01, 0.003],
                    "batches": [32, 64],
                },
            }
        }
    ),
]


@router.post("/plan", response_model=PlanView, summary="Look at a request before it is made")
def plan_job(web: Site, asked: Asked) -> Response:
    """What a job would take, and everything that is wrong with the request; makes nothing."""
    return told(web.digits.plan_job(job_request(web, asked)))


@router.post("/sweep", response_model=JobsView, status_code=201, summary="Train with several rates and batches")
def create_jobs(web: Site, editor: Editor, asked: AskedSweep) -> Response:
    """Make a job for every pair of a rate and a batch size, or none of them."""
    sweep = _checked(web, asked)
    views = web.digits.submit_several(job_request(web, sweep.request), rates=sweep.rates, batches=sweep.batches)
    owned = tuple(web.digits.describe_job(view.job, owner=editor.person.name) for view in views)
    editor.did("create jobs", ", ".join(view.job for view in owned))
    return told(JobsView(jobs=owned, total=len(owned), page=0, size=len(owned)), 201)


def _checked(web: Site, asked: dict[str, Any]) -> SweepRequest:
    """The sweep; where it is wrong, that is told with what is wrong with the request in it."""
    try:
        return parse(SweepRequest, asked)
    except SpecInvalid as wrong:
        problems, request = list(wrong.problems), asked.get("request")
    if isinstance(request, dict):
        plan = web.digits.plan_job(job_request(web, request), ask=False)
        problems += (Problem(found.message, found.where, found.hint) for found in plan.problems)
    raise SpecInvalid(*problems)


@router.get("/comparison", response_model=ComparisonView, summary="Compare jobs")
def compare(
    web: Site, job: Annotated[list[Name], Query(min_length=1, max_length=50, description="Ids of jobs.")]
) -> Response:
    """Where the requests of jobs differ, and what they came to."""
    with named("job"):
        return told(web.digits.compare(job))
