"""Pictures of datasets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from digits_core.service.views.datasets import GalleryView
from digits_core.spec.dataset import Split
from digits_web.api.acting import Site
from digits_web.api.bodies import named, told
from digits_web.api.datasets import DatasetName
from digits_web.api.paging import PageQuery

router = APIRouter(tags=["datasets"])
PNG = {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}}
#: A picture of a version never changes; one of the newest version may be asked for again after a change.
_FOREVER, _LATELY = "private, max-age=31536000, immutable", "private, no-cache"


class GalleryQuery(PageQuery):
    """Which pictures."""

    split: Split = "train"
    """Of which split."""
    label: str | None = Field(default=None, max_length=200)
    """Of which class; empty: all."""
    q: str = Field(default="", max_length=200)
    """What their keys contain."""


@router.get("/datasets/{name}/pictures", response_model=GalleryView, summary="List pictures")
def gallery(request: Request, web: Site, name: DatasetName, query: Annotated[GalleryQuery, Query()]) -> Response:
    """A page of the pictures of a split: their places, keys and classes; the header `Link` leads to the next."""
    web.digits.dataset(name)
    with named("label"):
        found = web.digits.gallery(
            name, split=query.split, label=query.label, query=query.q, page=query.page, count=query.size
        )
    return told(found, headers=query.links(request, found.total))


@router.get("/datasets/{name}/pictures/{split}/{index}", response_class=Response, responses=PNG, summary="One picture")
def picture(
    web: Site,
    name: DatasetName,
    split: Split,
    index: Annotated[int, Path(ge=0, le=2**53, description="Its place in the split, from 0.")],
    size: Annotated[int | None, Query(ge=1, le=2048, description="Longer side in pixels; empty: as it is.")] = None,
) -> Response:
    """A picture as the dataset keeps it, as PNG."""
    return _png(web.digits.picture(name, split, index, size=size), name)


@router.get("/datasets/{name}/mean", response_class=Response, responses=PNG, summary="The mean picture")
def mean(web: Site, name: DatasetName) -> Response:
    """The mean of all training pictures, as PNG."""
    return _png(web.digits.mean_image(name), name)


def _png(data: bytes, name: str) -> Response:
    kept = _FOREVER if "@" in name else _LATELY
    return Response(data, media_type="image/png", headers={"Cache-Control": kept})
