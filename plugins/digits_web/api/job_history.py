"""What happened in a job: curves, usage, log, events; and jobs side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from digits_core.service.views.classification import ClassificationView, TopView
from digits_core.service.views.datasets import DatasetView
from digits_core.service.views.evaluation import EvaluationView
from digits_core.service.views.exports import ExportView
from digits_core.service.views.history import EventsView, SeriesView, UsageHistoryView
from digits_core.service.views.mining import ErrorsView
from digits_web.api.acting import Site
from digits_web.api.bodies import told
from digits_web.api.jobs import JobId
from digits_web.api.streams import Streams

router = APIRouter(tags=["jobs"])
#: What jobs come to that train nothing.
AnyResult = ExportView | ClassificationView | TopView | ErrorsView | DatasetView | EvaluationView
Cursor = Annotated[
    str,
    Query(description="Where to go on, as an earlier answer said; empty: at the beginning.", pattern=r"^\d{0,18}$"),
]
_STREAM = {
    "description": "Events (`text/event-stream`): `id` is a cursor, `event` the kind of fact, `data` its fields as "
    "JSON. A comment every 15 s says that the stream lives; `event: end` that the job has ended.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "Each event.",
                "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
            },
            "example": 'id: 1234\nevent: validated\ndata: {"time": 1.7e9, "step": 100, "loss": 0.2}\n\n',
        }
    },
}


@router.get("/jobs/{job}/series", response_model=SeriesView, summary="Curves")
def series(
    web: Site, job: JobId, points: Annotated[int, Query(ge=2, le=100_000, description="Most of a curve.")] = 1000
) -> Response:
    """Losses, accuracies and the learning rate over the steps, each as `[step, epoch, value]`; extremes are kept."""
    return told(web.digits.series(job, points=points))


@router.get("/jobs/{job}/usage", response_model=UsageHistoryView, summary="What it was busy with")
def usage(
    web: Site, job: JobId, points: Annotated[int, Query(ge=2, le=10_000, description="Most moments.")] = 300
) -> Response:
    """Utilisation, memory and temperature of its devices over time."""
    return told(web.digits.usage_history(job, points=points))


@router.get("/jobs/{job}/log", response_class=PlainTextResponse, summary="What its processes printed")
def log(
    web: Site,
    job: JobId,
    tail: Annotated[int, Query(ge=0, le=10**6, description="So many lines from the end; 0: all.")] = 0,
) -> str:
    """The log as text."""
    text = web.digits.log(job)
    return "".join(text.splitlines(keepends=True)[-tail:])


@router.get("/jobs/{job}/evaluation", response_model=EvaluationView, summary="What an evaluation found")
def evaluation(web: Site, job: JobId) -> Response:
    """Accuracy, confusion matrix and scores of every class, once a job of kind `evaluation` is done."""
    return told(web.digits.evaluation(job))


@router.get("/jobs/{job}/result", response_model=AnyResult, summary="What a job came to")
def result(web: Site, job: JobId) -> Response:
    """What the answer would have been that a job was asked for instead, once it is done."""
    return told(web.digits.result(job))


@router.get("/jobs/{job}/events", response_model=EventsView, summary="Events")
def events(
    web: Site,
    job: JobId,
    cursor: Cursor = "",
    most: Annotated[int, Query(ge=1, le=10_000, description="No more than these.")] = 1000,
) -> Response:
    """Facts of its journal after a cursor, oldest first."""
    return told(web.digits.events(job, cursor, most=most))


@router.get("/jobs/{job}/events/stream", response_class=StreamingResponse, responses={200: _STREAM}, summary="Follow")
async def stream(
    request: Request,
    web: Site,
    job: JobId,
    cursor: Cursor = "",
    last_event_id: Annotated[
        str | None, Header(description="What a browser sends when it comes back.", pattern=r"^\d{0,18}$")
    ] = None,
) -> StreamingResponse:
    """Facts as they happen, until the job has ended; `Last-Event-ID` goes on where a broken stream was."""
    await run_in_threadpool(web.digits.job, job)
    streams: Streams = request.app.state.streams
    facts: AsyncIterator[bytes] = streams.follow(job, last_event_id or cursor)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(facts, media_type="text/event-stream", headers=headers)
