"""What was put away, and can be brought back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from digits_core.service.views.about import TrashedView
from digits_core.service.views.view import View
from digits_web.api.acting import Admin, Editor, Site
from digits_web.api.bodies import told

router = APIRouter(tags=["trash"])


class TrashView(View):
    """What can be brought back."""

    trash: tuple[TrashedView, ...]
    """The newest first."""


class EmptiedView(View):
    """What is gone for good."""

    deleted: int
    """How many things."""


@router.get("/trash", response_model=TrashView, summary="List the trash")
def list_trash(web: Site) -> Response:
    """Jobs, datasets and models that were put away."""
    return told(TrashView(trash=tuple(web.digits.trash())))


@router.post("/trash/{id}/restore", response_model=TrashedView, summary="Bring back")
def restore(
    web: Site, editor: Editor, id: Annotated[str, Path(max_length=300, description="As the list says.")]
) -> Response:
    """Put something back where it was; refused where there is another one of its name now."""
    editor.require_trashed(id)
    view = web.digits.restore(id)
    editor.did(f"restore {view.kind}", view.name)
    return told(view)


@router.delete("/trash", response_model=EmptiedView, summary="Empty the trash")
def empty(
    web: Site,
    admin: Admin,
    older_than_days: Annotated[float, Query(ge=0, le=36500, description="Only what lies there longer.")] = 0,
) -> Response:
    """Delete what is in it for good."""
    deleted = web.digits.empty_trash(older_than_days=older_than_days)
    admin.did("empty trash", f"{deleted} deleted")
    return told(EmptiedView(deleted=deleted))
