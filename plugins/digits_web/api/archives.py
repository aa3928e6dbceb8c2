"""Archives that somebody brings: what they say about themselves, and whether they hold it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import Field

from digits_core.service.views.archives import ArchiveCheckView, ArchiveView
from digits_web.api.acting import Site
from digits_web.api.bodies import BodySpec, told
from digits_web.outside import one_file, told_as_brought, told_path

router = APIRouter(tags=["archives"])


class ArchiveRequest(BodySpec):
    """An archive."""

    file: str = Field(min_length=1, max_length=4000)
    """`upload:ID`, or an absolute path within folders that the server may read."""


Asked = Annotated[
    ArchiveRequest,
    Body(openapi_examples={"upload": {"summary": "An uploaded archive", "value": {"file": "upload:0123456789abcdef"}}}),
]


@router.post("/archives/show", response_model=ArchiveView, summary="Show an archive")
def show(web: Site, asked: Asked) -> Response:
    """What an archive says about itself; refused if it is damaged, or holds anything that no archive holds."""
    with told_as_brought(web):
        path = one_file(web, asked.file, "file")
        return told(web.digits.archive(path).model_copy(update={"file": told_path(web, path)}))


@router.post("/archives/verify", response_model=ArchiveCheckView, summary="Verify an archive")
def verify(web: Site, asked: Asked) -> Response:
    """Use everything in an archive once: digests, network, weights, and its reference picture in ONNX Runtime.

    `passed` says whether it computes what it says; one that is damaged is refused.
    """
    with told_as_brought(web):
        path = one_file(web, asked.file, "file")
        return told(web.digits.verify_archive(path).model_copy(update={"file": told_path(web, path)}))
