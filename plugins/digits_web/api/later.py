"""What takes long is done by a job, where that is preferred.

Snell: Prefer Header for HTTP, RFC 7240, 2014, https://www.rfc-editor.org/rfc/rfc7240
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request

from digits_core.service.views.jobs import JobView

RESPOND_ASYNC = "respond-async"
#: What operations answer whose work may be a job's, beside what they answer at once.
LATER: dict[int | str, dict[str, Any]] = {
    202: {
        "model": JobView,
        "description": "A job does it; `Location` is where it is watched, and `/result` below that what it came to.",
    }
}


def prefers_job(request: Request) -> bool:
    """Whether whoever asks would rather be told of a job than wait; other preferences are ignored."""
    words = (word for line in request.headers.getlist("prefer") for word in line.split(","))
    return any(word.partition(";")[0].strip().lower() == RESPOND_ASYNC for word in words)


def _preferred(
    request: Request,
    prefer: Annotated[str, Header(description=f"`{RESPOND_ASYNC}`: let a job do it, for which editors may ask.")] = "",
) -> bool:
    return prefers_job(request)


#: Whether a job is to do it.
Later = Annotated[bool, Depends(_preferred)]
