"""Models to take away: archives, and formats of other systems."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.background import BackgroundTask

from digits_core.service.views.exports import ExportView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.machine import PluginView
from digits_core.service.views.view import View
from digits_core.spec.task import Precision
from digits_web.api.acting import Site
from digits_web.api.bodies import BodySpec, named, told
from digits_web.api.jobs import JobId, submitted
from digits_web.api.models import ModelName
from digits_web.outside import model_name

router = APIRouter(tags=["models"])
FILE = {200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}
EXAMPLE = {"format": "onnx", "precision": "fp16"}
ArchiveForm = Literal["tar.gz", "tgz", "tar.bz2", "tar", "zip"]


class FormatsView(View):
    """What a model can be written as."""

    formats: tuple[PluginView, ...]
    """Each, and whether what it needs is installed."""


class ExportRequest(BodySpec):
    """A format, and how it is written."""

    format: str = Field(min_length=1, max_length=100)
    """Name of the format, see `/exports`."""
    precision: Precision = "fp32"
    """Number format of the weights."""
    calibrate: str | None = Field(default=None, min_length=1, max_length=200)
    """`DATASET` or `DATASET:split` whose pictures int8 is calibrated on; empty: the model's own."""
    tolerance: float | None = Field(default=None, ge=0)
    """How far probabilities may differ; empty: as the precision needs."""


@router.get("/jobs/{job}/archive", response_class=FileResponse, responses=FILE, summary="Download an archive")
def archive(
    web: Site,
    job: JobId,
    snapshot: Annotated[
        str, Query(pattern="^[A-Za-z0-9._-]{1,100}$", description="`best`, `last`, `epoch-3`, or its name.")
    ] = "best",
    form: Annotated[ArchiveForm, Query(description="How it is packed.")] = "tar.gz",
) -> Response:
    """One file that goes anywhere: network, weights, labels, preprocessing, ONNX; see `digits archive`."""
    web.digits.job(job)
    with named("snapshot"):
        return _archive(web, f"{job}@{snapshot}", form)


@router.get("/models/{model}/archive", response_class=FileResponse, responses=FILE, summary="Download an archive")
def model_archive(
    web: Site, model: ModelName, form: Annotated[ArchiveForm, Query(description="How it is packed.")] = "tar.gz"
) -> Response:
    """The same of any model."""
    return _archive(web, model_name(web, model), form)


@router.get("/exports", response_model=FormatsView, summary="List export formats")
def formats(web: Site) -> Response:
    """What a model can be written as, and what is missing where it cannot."""
    return told(FormatsView(formats=web.digits.export_formats()))


@router.post("/models/{model}/exports", response_model=JobView, status_code=202, summary="Export")
def export(
    request: Request,
    web: Site,
    model: ModelName,
    asked: Annotated[
        ExportRequest,
        Body(openapi_examples={"onnx": {"summary": "ONNX, weights of half the size", "value": EXAMPLE}}),
    ],
) -> Response:
    """Let a job write a model in another format, and run what it wrote; `/jobs/{job}/result/file` is a zip of it."""
    return submitted(request, web, "export", {"model": model_name(web, model), **asked.model_dump()})


@router.get("/jobs/{job}/result/file", response_class=FileResponse, responses=FILE, summary="Download an export")
def result_file(web: Site, job: JobId) -> Response:
    """A zip of the exported model and its manifest, once a job of kind `export` is done."""
    path, view = web.digits.result_file(job), web.digits.result(job)
    assert isinstance(view, ExportView)
    name = f"{view.model.replace('@', '-')}-{view.format}-{view.precision}.zip"
    return FileResponse(path, filename=name, media_type="application/octet-stream")


def _archive(web: Site, model: str, form: str) -> Response:
    folder = FilePath(tempfile.mkdtemp(prefix="digits-"))
    path = folder / f"archive.{form}"
    try:
        view = web.digits.make_archive(model, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    answer = _sent(path, f"{view.model.replace('@', '-')}.{form}")
    # Made twice it is the same to the last byte, so its digest tells it from every other.
    answer.headers["etag"] = f'"{view.digest.removeprefix("sha256:")[:24]}-{form}"'
    return answer


def _sent(path: FilePath, name: str) -> FileResponse:
    gone = BackgroundTask(shutil.rmtree, path.parent, ignore_errors=True)
    return FileResponse(path, filename=name, media_type="application/octet-stream", background=gone)
