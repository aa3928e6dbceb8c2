"""Datasets: list, make, show, change, put away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import Field

from digits_core.service.views.about import AboutView, TrashedView
from digits_core.service.views.datasets import DatasetView, SkippedView, SourcePreviewView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.view import View
from digits_core.spec.about import Tag
from digits_core.spec.change import ChangeRequest
from digits_core.spec.dataset import DatasetReference, DatasetSpec
from digits_core.spec.model import Name, parse
from digits_web.api.acting import Acting, Editor, Site
from digits_web.api.bodies import BodySpec, Describes, named, told
from digits_web.api.etags import require_match
from digits_web.api.jobs import MOST_TAGS, begun, submitted
from digits_web.api.later import LATER, Later
from digits_web.api.paging import PageQuery
from digits_web.catalogue import selection
from digits_web.catalogue.datasets import DATASETS, DatasetRow, dataset_row
from digits_web.outside import READ_PICTURES, dataset_request

router = APIRouter(tags=["datasets"])

DatasetName = Annotated[DatasetReference, Path(description="`NAME`, or a version: `NAME@v0001`.", examples=["mnist"])]
PlainName = Annotated[Name, Path(description="Name of the dataset.", examples=["mnist"])]
DatasetSortKey = Literal[
    "created", "name", "pictures", "classes", "size", "-created", "-name", "-pictures", "-classes", "-size"
]  # fmt: skip
Asked = Annotated[
    dict[str, Any],
    Describes(DatasetSpec),
    Body(
        description="The request. Paths are `upload:ID`, or absolute and within folders that the server may read.",
        openapi_examples={
            "upload": {
                "summary": "An uploaded zip of class folders",
                "value": {"name": "shapes", "paths": ["upload:0123456789abcdef"], "width": 28, "height": 28},
            }
        },
    ),
]


class DatasetsQuery(PageQuery):
    """Which datasets, in which order; several values of one filter are alternatives."""

    tag: tuple[str, ...] = ()
    """One of their tags."""
    owner: tuple[str, ...] = ()
    """Whose they are."""
    q: str = Field(default="", max_length=200)
    """Words that all occur in name, version, size, encoding, owner, tags or description."""
    sort: DatasetSortKey = "name"
    """By what, the smallest first; `-` in front: the largest. `pictures` are those of all splits."""

    def chosen(self, rows: Iterable[DatasetRow]) -> list[DatasetRow]:
        """The datasets that are asked for, on all pages."""
        wanted = {"tag": self.tag, "owner": self.owner}
        falling = self.sort.startswith("-")
        query = selection.Query(text=self.q, wanted=wanted, order=self.sort.lstrip("-"), falling=falling)
        return selection.ordered(DATASETS, selection.matches(DATASETS, rows, query), query)


class DatasetsView(View):
    """A page of datasets."""

    datasets: tuple[DatasetView, ...]
    """The newest version of each."""
    total: int
    """How many there are on all pages."""
    page: int
    """Which page this is, from 0."""
    size: int
    """Most on a page."""


class VersionsView(View):
    """Every version of a dataset."""

    name: str
    """Its name."""
    versions: tuple[DatasetView, ...]
    """Oldest first."""


class SkippedPicturesView(View):
    """What could not be read."""

    skipped: tuple[SkippedView, ...]
    """Each with its reason."""


class AboutChange(BodySpec):
    """What is to be changed of what people say of a dataset; what is left out stays."""

    description: str | None = Field(default=None, max_length=10_000)
    """Notes."""
    tags: tuple[Tag, ...] | None = Field(default=None, max_length=MOST_TAGS)
    """Words to find it by."""


AskedAbout = Annotated[
    AboutChange,
    Body(
        openapi_examples={
            "notes": {"summary": "Notes and tags", "value": {"description": "Drawn by hand.", "tags": ["tiny"]}}
        }
    ),
]


@router.get("/datasets", response_model=DatasetsView, summary="List datasets")
def list_datasets(request: Request, web: Site, query: Annotated[DatasetsQuery, Query()]) -> Response:
    """A page of datasets, each in its newest version, by name unless `sort` says otherwise."""
    known = {item.name: item for item in web.digits.datasets()}
    found = query.chosen(dataset_row(web.digits, item) for item in known.values())
    views = tuple(DatasetView.of(known[row.name]) for row in query.part(found))
    page = DatasetsView(datasets=views, **query.told(len(found)))
    return told(page, headers=query.links(request, len(found)))


@router.post("/datasets", response_model=JobView, status_code=202, summary="Make a dataset")
def create_dataset(request: Request, web: Site, editor: Editor, asked: Asked) -> Response:
    """Let a job make a dataset of pictures; `Location` is where the job can be watched."""
    view = web.digits.submit_dataset(dataset_request(web, asked))
    return begun(request, web, editor, view)


@router.post("/datasets/preview", response_model=SourcePreviewView, summary="Look at pictures first")
def preview(web: Site, asked: Asked) -> Response:
    """Classes and counts that would be found, and everything that is wrong with the request; makes nothing."""
    return told(web.digits.preview_source(dataset_request(web, asked)))


@router.get("/datasets/{name}", response_model=DatasetView, summary="Show a dataset")
def show_dataset(web: Site, name: DatasetName) -> Response:
    """What a version holds: splits, classes, size, digest."""
    return told(DatasetView.of(web.digits.dataset(name)))


@router.get("/datasets/{name}/versions", response_model=VersionsView, summary="List versions")
def versions(web: Site, name: PlainName) -> Response:
    """Every version, and what was done."""
    return told(VersionsView(name=name, versions=tuple(map(DatasetView.of, web.digits.history(name)))))


@router.get("/datasets/{name}/skipped", response_model=SkippedPicturesView, summary="List what could not be read")
def skipped(web: Site, name: DatasetName) -> Response:
    """Pictures that were left out, and why."""
    return told(SkippedPicturesView(skipped=tuple(web.digits.skipped(name))))


@router.get("/datasets/{name}/about", response_model=AboutView, summary="What people say of a dataset")
def about(web: Site, name: PlainName) -> Response:
    """Notes, tags and owner."""
    return told(web.digits.about_dataset(name))


def own_dataset(editor: Editor, name: DatasetName) -> Acting:
    """Whoever asks, if they may change the dataset."""
    editor.require_dataset(name.partition("@")[0])
    return editor


Owner = Annotated[Acting, Depends(own_dataset)]


@router.patch("/datasets/{name}", response_model=AboutView, summary="Describe a dataset")
def describe(request: Request, web: Site, owner: Owner, name: PlainName, change: AskedAbout) -> Response:
    """Change notes and tags; with `If-Match` (of `about`) only if nobody else has changed them."""
    require_match(request, web.digits.about_dataset(name))
    view = web.digits.describe_dataset(name, description=change.description, tags=change.tags)
    owner.did("describe dataset", name)
    return told(view)


@router.post(
    "/datasets/{name}/versions",
    response_model=DatasetView,
    status_code=201,
    responses=LATER,
    summary="Make a new version",
)
def change_dataset(
    request: Request,
    web: Site,
    later: Later,
    owner: Owner,
    name: DatasetName,
    asked: Annotated[
        dict[str, Any],
        Describes(ChangeRequest),
        Body(
            openapi_examples={
                "relabel": {
                    "summary": "Give a picture another class",
                    "value": {"change": {"action": "relabel", "pictures": [{"key": "cat/7.png", "to": "dog"}]}},
                }
            }
        ),
    ],
    new_name: Annotated[Name | None, Query(description="Make a dataset of that name instead.")] = None,
) -> Response:
    """Append and merge, which are a job; relabel, exclude or select; earlier versions stay.

    With `If-Match` only if what is changed is the newest.
    """
    web.digits.dataset(name)
    newest = web.digits.dataset(name.partition("@")[0])
    require_match(request, DatasetView.of(newest))
    wanted = _wanted_change(web, asked)
    with named("change"):
        if later or wanted["action"] in READ_PICTURES:
            return submitted(request, web, "version", {"dataset": name, "change": wanted, "new_name": new_name})
        view = DatasetView.of(web.digits.change_dataset(name, wanted, new_name=new_name))
    if new_name:
        web.digits.describe_dataset(new_name, owner=owner.person.name)
    owner.did("change dataset", f"{view.name}@{view.version}")
    return told(view, 201, {"Location": f"{request.scope['root_path']}/datasets/{view.name}@{view.version}"})


def _wanted_change(web: Site, asked: dict[str, Any]) -> dict[str, Any]:
    """The change of a request, which says nothing else, its paths resolved."""
    change = asked.get("change")
    found = {**asked, "change": dataset_request(web, change)} if isinstance(change, dict) else asked
    parse(ChangeRequest, found)
    wanted: dict[str, Any] = found["change"]
    return wanted


@router.delete("/datasets/{name}", response_model=TrashedView, summary="Put a dataset into the trash")
def discard_dataset(request: Request, web: Site, owner: Owner, name: PlainName) -> Response:
    """It can be restored until the trash is emptied; refused while jobs depend on it, which are named."""
    require_match(request, DatasetView.of(web.digits.dataset(name)))
    view = web.digits.discard_dataset(name)
    owner.did("discard dataset", name)
    return told(view)
