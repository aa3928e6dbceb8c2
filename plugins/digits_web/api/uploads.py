"""Files that are brought: pictures, zip archives of folders of pictures, networks, models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Request, Response, UploadFile

from digits_core.errors import SpecInvalid
from digits_web.api.acting import Editor, Site
from digits_web.api.bodies import file_example, told
from digits_web.outside import keep_upload, uploads_of
from digits_web.uploads import UploadView

router = APIRouter(tags=["uploads"])
UploadId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="Id of the upload.")]


async def _single(request: Request) -> None:
    """Refuse a form with several files: each would need an id of its own."""
    found = len((await request.form()).getlist("file"))
    if found > 1:
        message = f"One part `file` is expected, found {found}."
        hint = "Send one request for each file, or a zip archive of all of them."
        raise SpecInvalid(message, where="file", hint=hint)


@router.post(
    "/uploads",
    dependencies=[Depends(_single)],
    response_model=UploadView,
    status_code=201,
    openapi_extra=file_example("file", "shapes.zip"),
    summary="Bring a file",
)
def upload(
    request: Request,
    web: Site,
    editor: Editor,
    file: Annotated[
        UploadFile, File(description="A picture, network or model, or a zip archive of pictures, which is unpacked.")
    ],
) -> Response:
    """Keep a file for a day; where a path is expected, write `upload:` and its id."""
    view = keep_upload(web, editor.person, file.filename or "upload", file.file)
    return told(view, 201, {"Location": f"{request.scope['root_path']}/uploads/{view.id}"})


@router.get("/uploads/{id}", response_model=UploadView, summary="Show an upload")
def show(web: Site, id: UploadId) -> Response:
    """What was brought."""
    return told(uploads_of(web).view(id))


@router.delete("/uploads/{id}", response_class=Response, status_code=204, summary="Delete an upload")
def drop(web: Site, editor: Editor, id: UploadId) -> Response:
    """Delete it now rather than in a day."""
    uploads_of(web).drop(id)
    editor.did("delete upload", id)
    return Response(status_code=204)
