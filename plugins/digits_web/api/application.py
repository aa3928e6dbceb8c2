"""The API as an application."""

from __future__ import annotations

from fastapi import FastAPI

from digits_web.api import (
    archives,
    datasets,
    downloads,
    forms,
    job_actions,
    job_history,
    jobs,
    machine,
    models,
    networks,
    pictures,
    planning,
    rates,
    similar,
    trash,
    uploads,
)
from digits_web.api.etags import Tagged
from digits_web.api.openapi import describe
from digits_web.api.problems import answer_problems
from digits_web.api.streams import Streams
from digits_web.web import Lately, Web

#: States in which a job waits for nothing but a person.
CLOSED = frozenset({"paused", "failed", "done", "aborted"})
#: Seconds for which the doctor's word holds: it starts every backend.
DOCTOR_S = 600.0
#: In the order in which the description has them.
ROUTERS = (
    machine.router,
    datasets.router,
    pictures.router,
    networks.router,
    forms.router,
    jobs.router,
    planning.router,
    rates.router,
    job_actions.router,
    job_history.router,
    models.router,
    similar.router,
    downloads.router,
    archives.router,
    uploads.router,
    trash.router,
)


def create_api(web: Web) -> FastAPI:
    """Everything under ``/api/v1``."""
    api = FastAPI(title="DIGITS", version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    api.state.web, api.state.streams = web, Streams(web.digits.events, lambda job: _ended(web, job))
    api.state.doctor = Lately(web.digits.doctor, DOCTOR_S)
    for router in ROUTERS:
        api.include_router(router)
    answer_problems(api)
    describe(api)
    api.add_middleware(Tagged)
    return api


def _ended(web: Web, job: str) -> bool:
    """Whether nothing more will happen in a job unless somebody resumes it."""
    return web.digits.job(job).state in CLOSED
