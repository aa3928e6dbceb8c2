"""Jobs: list, make, show, change, put away."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import Field

from digits_core.service.views.about import AboutView, TrashedView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.view import View
from digits_core.spec.about import Tag
from digits_core.spec.job import JobSpec
from digits_core.spec.model import NAME_PATTERN, Name
from digits_core.spec.task import TaskKind
from digits_web.api.acting import Acting, Editor, Site, editor
from digits_web.api.bodies import BodySpec, Describes, told
from digits_web.api.etags import require_match
from digits_web.api.later import RESPOND_ASYNC, prefers_job
from digits_web.api.paging import PageQuery
from digits_web.catalogue import selection
from digits_web.catalogue.jobs import JOBS
from digits_web.outside import job_request
from digits_web.web import Web

router = APIRouter(tags=["jobs"])

MOST_TAGS = 20
JobId = Annotated[str, Path(description="Id of the job.", pattern=f"^{NAME_PATTERN}$", examples=["lenet-mnist"]), Name]
State = Literal["queued", "starting", "running", "pausing", "paused", "done", "failed", "aborted"]
#: Ordered as in the table of the page: what has no value comes last, whichever way.
ORDERED = dataclasses.replace(
    JOBS,
    orders={
        **JOBS.orders,
        "backend": lambda job: job.backend or None,
        "epoch": lambda job: job.epoch,
        "speed": lambda job: job.images_per_second,
    },
)
SortKey = Literal[
    "created", "name", "state", "dataset", "network", "backend", "epoch", "accuracy", "loss", "speed",
    "-created", "-name", "-state", "-dataset", "-network", "-backend", "-epoch", "-accuracy", "-loss", "-speed",
]  # fmt: skip
Asked = Annotated[
    dict[str, Any],
    Describes(JobSpec),
    Body(
        description="The request, as `digits train --file` takes it.",
        openapi_examples={
            "lenet": {
                "summary": "LeNet on two CPU devices",
                "value": {
                    "dataset": "mnist",
                    "network": "lenet",
                    "backend": "torch",
                    "devices": "cpu:2",
                    "epochs": 5,
                    "solver": {"name": "sgd", "rate": 0.01},
                },
            }
        },
    ),
]


class JobsQuery(PageQuery):
    """Which jobs, in which order; several values of one filter are alternatives."""

    state: tuple[State, ...] = ()
    """Where they stand."""
    kind: tuple[Literal["train"] | TaskKind, ...] = ()
    """What they do."""
    dataset: tuple[str, ...] = ()
    """Names of datasets."""
    network: tuple[str, ...] = ()
    """Names of networks."""
    backend: tuple[str, ...] = ()
    """Names of backends."""
    tag: tuple[str, ...] = ()
    """One of their tags."""
    owner: tuple[str, ...] = ()
    """Who made them."""
    q: str = Field(default="", max_length=200)
    """Words that all occur in name, dataset, network, backend, owner, tags or description."""
    sort: SortKey = "-created"
    """By what, the smallest first; `-` in front: the largest. `accuracy` is the best in validation, `loss` that of the
    same moment, as the page has them; what has no value comes last, either way."""

    def chosen(self, jobs: tuple[JobView, ...]) -> list[JobView]:
        """The jobs that are asked for, on all pages."""
        words = self.q.lower().split()
        found = [job for job in jobs if self._passes(job) and all(word in _text(job) for word in words)]
        query = selection.Query(order=self.sort.lstrip("-"), falling=self.sort.startswith("-"))
        return selection.ordered(ORDERED, found, query)

    def _passes(self, job: JobView) -> bool:
        wanted = (
            (self.state, job.state),
            (self.kind, job.kind),
            (self.dataset, job.dataset),
            (self.network, job.network),
            (self.backend, job.backend),
            (self.owner, job.owner),
        )
        plain = all(not values or value in values for values, value in wanted)
        return plain and (not self.tag or not set(self.tag).isdisjoint(job.tags))


class JobsView(View):
    """A page of jobs."""

    jobs: tuple[JobView, ...]
    """The jobs."""
    total: int
    """How many there are on all pages."""
    page: int
    """Which page this is, from 0."""
    size: int
    """Most on a page."""


class JobChange(BodySpec):
    """What is to be changed of a job; what is left out stays."""

    name: Name | None = None
    """Another name, which is its id too; refused while it runs."""
    description: str | None = Field(default=None, max_length=10_000)
    """Notes."""
    tags: tuple[Tag, ...] | None = Field(default=None, max_length=MOST_TAGS)
    """Words to find it by."""


AskedChange = Annotated[
    JobChange,
    Body(
        openapi_examples={
            "notes": {"summary": "Notes and tags", "value": {"description": "The first try.", "tags": ["baseline"]}}
        }
    ),
]


@router.get("/jobs", response_model=JobsView, summary="List jobs")
def list_jobs(request: Request, web: Site, query: Annotated[JobsQuery, Query()]) -> Response:
    """A page of jobs, the newest first unless `sort` says otherwise; the header `Link` leads to the next."""
    found = query.chosen(web.jobs())
    page = JobsView(jobs=tuple(query.part(found)), **query.told(len(found)))
    return told(page, headers=query.links(request, len(found)))


@router.post("/jobs", response_model=JobView, status_code=201, summary="Train")
def create_job(request: Request, web: Site, editor: Editor, asked: Asked) -> Response:
    """Make a job, which waits for its turn; `Location` is where it can be watched. Refused with all that is wrong."""
    return made(request, web, editor, job_request(web, asked))


@router.get("/jobs/{job}", response_model=JobView, summary="Show a job")
def show_job(web: Site, job: JobId) -> Response:
    """A job as it stands: state, metrics, snapshots, speed, time left."""
    return told(web.digits.job(job))


@router.get("/jobs/{job}/request", summary="Show what a job was asked")
def show_request(web: Site, job: JobId) -> dict[str, Any]:
    """The request with every default, as another job could be asked."""
    return web.digits.job_request(job)


@router.get("/jobs/{job}/about", response_model=AboutView, summary="What people say of a job")
def about(web: Site, job: JobId) -> Response:
    """Notes, tags and owner: what `PATCH` changes, whose tag stays while the job goes on."""
    return told(_about(web.digits.job(job)))


def own_job(editor: Editor, job: JobId) -> Acting:
    """Whoever asks, if they may change the job."""
    editor.require_job(job)
    return editor


Owner = Annotated[Acting, Depends(own_job)]


@router.patch("/jobs/{job}", response_model=JobView, summary="Rename or describe a job")
def change_job(request: Request, web: Site, owner: Owner, job: JobId, change: AskedChange) -> Response:
    """Change name, notes and tags; with `If-Match` (of it or its `about`) only if nobody else has changed it."""
    view = web.digits.job(job)
    require_match(request, view, _about(view))
    view = web.digits.describe_job(job, name=change.name, description=change.description, tags=change.tags)
    owner.did("change job", view.job)
    return told(view)


@router.delete("/jobs/{job}", response_model=TrashedView, summary="Put a job into the trash")
def discard_job(request: Request, web: Site, owner: Owner, job: JobId) -> Response:
    """It can be restored until the trash is emptied; refused while it runs, or others need it."""
    require_match(request, web.digits.job(job))
    view = web.digits.discard_job(job)
    owner.did("discard job", job)
    return told(view)


def made(request: Request, web: Web, editor: Acting, asked: dict[str, Any]) -> Response:
    """The answer to a request for a job: it is made, and belongs to whoever asked."""
    view = web.digits.submit(asked)
    return begun(request, web, editor, view, 201)


def submitted(
    request: Request,
    web: Web,
    kind: Literal["export", "classification", "top", "errors", "similar", "version"],
    asked: Mapping[str, Any],
) -> Response:
    """The answer to what a job does that trains nothing, for which whoever asks has to be an editor."""
    acting = editor(request, web)
    return begun(request, web, acting, web.digits.submit_task(kind, asked))


def begun(request: Request, web: Web, editor: Acting, view: JobView, status: int = 202) -> Response:
    """The answer to what is done by a job: where that can be watched."""
    view = web.digits.describe_job(view.job, owner=editor.person.name)
    editor.did(f"create {view.kind} job", view.job)
    headers = {"Location": f"{request.scope['root_path']}/jobs/{view.job}"}
    applied = {"Preference-Applied": RESPOND_ASYNC} if prefers_job(request) else {}
    return told(view, status, headers | applied)


def _about(job: JobView) -> AboutView:
    return AboutView(description=job.description, tags=job.tags, owner=job.owner)


def _text(job: JobView) -> str:
    told = (job.name, job.dataset, job.network, job.backend, job.owner, job.description, *job.tags)
    return "\n".join(told).lower()
