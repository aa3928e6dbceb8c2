"""Learning rates that are looked for before a job is made."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from digits_core.service.views.jobs import JobView
from digits_web.api.acting import Editor, Site
from digits_web.api.jobs import Asked, begun
from digits_web.outside import job_request

router = APIRouter(tags=["jobs"])


@router.post("/jobs/find-rate", response_model=JobView, status_code=202, summary="Find a learning rate")
def find_rate(request: Request, web: Site, editor: Editor, asked: Asked) -> Response:
    """Let a job train for a moment with rising rates; its `result` is the curve and the rate to begin with."""
    return begun(request, web, editor, web.digits.submit_rate_search(job_request(web, asked)))
