"""What can be done to a job: pause, go on, stop, do again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import Field

from digits_core.service.views.jobs import JobView
from digits_web.api.acting import Editor, Site
from digits_web.api.bodies import BodySpec, named, told
from digits_web.api.jobs import JobId, Owner, made
from digits_web.outside import job_request

router = APIRouter(tags=["jobs"])


class ResumeRequest(BodySpec):
    """How a job is to go on."""

    backend: str | None = Field(default=None, min_length=1, max_length=100)
    """Another backend; empty: that of the run before."""
    devices: str | None = Field(default=None, min_length=1, max_length=1000)
    """Other devices, such as `gpu:0,1` or `cpu:2`; empty: as before."""


class CloneRequest(BodySpec):
    """How a copy is to differ."""

    changes: dict[str, Any] = Field(default_factory=dict)
    """Keys of the request with their new values."""


@router.post("/jobs/{job}/pause", response_model=JobView, status_code=202, summary="Pause")
def pause(web: Site, owner: Owner, job: JobId) -> Response:
    """Ask a running job to save a snapshot and stop; it is `pausing` until it has."""
    web.digits.pause(job)
    owner.did("pause job", job)
    return told(web.digits.job(job), 202)


@router.post("/jobs/{job}/resume", response_model=JobView, status_code=202, summary="Go on")
def resume(
    web: Site,
    owner: Owner,
    job: JobId,
    wanted: Annotated[
        ResumeRequest | None,
        Body(openapi_examples={"jax": {"summary": "In another backend", "value": {"backend": "jax"}}}),
    ] = None,
) -> Response:
    """Go on from the newest snapshot, in another backend or on other devices if that is wished."""
    wanted = wanted or ResumeRequest()
    with named("backend"):
        view = web.digits.resume(job, backend=wanted.backend, devices=wanted.devices, detach=True)
    owner.did("resume job", job)
    return told(view, 202)


@router.post("/jobs/{job}/abort", response_model=JobView, status_code=202, summary="Stop for good")
def abort(web: Site, owner: Owner, job: JobId) -> Response:
    """Stop a job; it cannot go on, and keeps its snapshots."""
    view = web.digits.abort(job)
    owner.did("abort job", job)
    return told(view, 202)


@router.post("/jobs/{job}/clone", response_model=JobView, status_code=201, summary="Do it again")
def clone(
    request: Request,
    web: Site,
    editor: Editor,
    job: JobId,
    wanted: Annotated[
        CloneRequest | None,
        Body(openapi_examples={"longer": {"summary": "For longer", "value": {"changes": {"epochs": 20}}}}),
    ] = None,
) -> Response:
    """Make a job of the same request, with some keys changed, that belongs to whoever asks.

    A request that named no version of its dataset takes the newest one; `dataset_version` of the answer tells which.
    """
    changes = wanted.changes if wanted else {}
    return made(request, web, editor, job_request(web, changes, base=web.digits.clone(job, {})))
