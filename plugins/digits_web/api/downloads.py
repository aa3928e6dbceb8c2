"""Models to take away: archives, and formats of other systems."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from digits_core.errors import NameUnknown, suggest
from digits_core.service.views.machine import PluginView
from digits_core.service.views.view import View
from digits_web.apart import apart
from digits_web.api.acting import Site
from digits_web.api.bodies import told
from digits_web.api.jobs import JobId
from digits_web.api.models import ModelName
from digits_web.outside import model_name

router = APIRouter(tags=["models"])
FILE = {200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}
ArchiveForm = Literal["tar.gz", "tgz", "tar.bz2", "tar", "zip"]


class FormatsView(View):
    """What a model can be written as."""

    formats: tuple[PluginView, ...]
    """Each, and whether what it needs is installed."""


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


@router.get(
    "/models/{model}/exports/{format}", response_class=FileResponse, responses=FILE, summary="Download an export"
)
def export(
    web: Site,
    model: ModelName,
    format: Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,50}$", description="Name of the format.")],
    precision: Annotated[Literal["fp32", "fp16", "int8"], Query(description="Of the weights.")] = "fp32",
) -> Response:
    """A zip of the exported model and its manifest; what was written was run and gives the same probabilities."""
    name = model_name(web, model)
    if format not in (known := [item.name for item in web.digits.export_formats()]):
        raise NameUnknown(f"There is no export format {format!r}.", hint=suggest(format, known))
    folder = FilePath(tempfile.mkdtemp(prefix="digits-"))
    try:
        # Formats of frameworks import them, and a server never does: it is done in a process of its own.
        apart(_export, web.digits.home.path, name, format, folder / "inside", precision)
        packed = shutil.make_archive(str(folder / "export"), "zip", folder / "inside")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _sent(FilePath(packed), f"{name.replace('@', '-')}-{format}.zip")


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


def _export(home: FilePath, model: str, format: str, folder: FilePath, precision: str) -> None:
    from digits_core.service.digits import Digits

    folder.mkdir()
    digits = Digits(home)
    digits.export(model, format, folder / digits.export_name(model, format), precision=precision)


def _sent(path: FilePath, name: str) -> FileResponse:
    gone = BackgroundTask(shutil.rmtree, path.parent, ignore_errors=True)
    return FileResponse(path, filename=name, media_type="application/octet-stream", background=gone)
