"""Networks: list, describe, draw; those of families, and those that are yet text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from digits_core.errors import DigitsError, NameUnknown, Problem
from digits_core.service.views.networks import FamilyView, ImportedNetworkView, NetworkView
from digits_core.service.views.view import View
from digits_core.spec.dataset import DatasetReference
from digits_web.api.acting import Site
from digits_web.api.bodies import BodySpec, named, told
from digits_web.outside import is_file

router = APIRouter(tags=["networks"])
NetworkName = Annotated[
    str,
    Path(
        description="Name of a family, maybe with params: `resnet-50:width=32`.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(:.*)?$",
        max_length=500,
        examples=["lenet"],
    ),
]


def _shape(
    web: Site,
    dataset: Annotated[
        DatasetReference | None, Query(description="The dataset whose pictures it takes; empty: its usual input.")
    ] = None,
) -> str | None:
    if dataset is not None:
        with named("dataset"):
            web.digits.dataset(dataset)
    return dataset


Shape = Annotated[str | None, Depends(_shape)]
Form = Annotated[Literal["svg", "png"], Query(description="Of the drawing.")]
_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
DRAWING = {
    200: {
        "content": {
            "image/svg+xml": {"schema": {"type": "string"}},
            "image/png": {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


class FamiliesView(View):
    """Networks that can be named."""

    networks: tuple[FamilyView, ...]
    """By name."""


class ForeignRequest(BodySpec):
    """A network of another system."""

    text: str = Field(min_length=1, max_length=2**22)
    """What is in its file, such as a prototxt of Caffe."""
    file: str = Field(default="network.prototxt", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    """What the file is called: its ending says of which system it is."""


class TextRequest(BodySpec):
    """A network that is yet text."""

    text: str = Field(min_length=1, max_length=2**20)
    """The network file, YAML."""
    dataset: DatasetReference | None = None
    """The dataset whose pictures it takes; empty: the input that it names."""


AskedText = Annotated[
    TextRequest,
    Body(
        openapi_examples={
            "linear": {
                "summary": "A linear classifier",
                "value": {
                    "text": "name: linear\ninput: {channels: 1, height: 28, width: 28}\nlayers:\n"
                    "- {op: dense, name: logits, units: 10}\n"
                },
            }
        }
    ),
]
AskedForeign = Annotated[
    ForeignRequest,
    Body(
        openapi_examples={
            "prototxt": {
                "summary": "A linear network of Caffe",
                "value": {
                    "text": 'name: "linear"\ninput: "data"\ninput_shape { dim: 1 dim: 1 dim: 28 dim: 28 }\n'
                    'layer { name: "logits" type: "InnerProduct" bottom: "data" top: "logits"\n'
                    "  inner_product_param { num_output: 10 } }\n"
                },
            }
        }
    ),
]


@router.get("/networks", response_model=FamiliesView, summary="List networks")
def list_networks(web: Site) -> Response:
    """Networks that can be named in a request."""
    return told(FamiliesView(networks=web.digits.networks()))


@router.get("/networks/schema", summary="JSON schema of network files")
def schema(web: Site) -> dict[str, Any]:
    """What an editor completes and checks by."""
    return web.digits.network_schema()


@router.post("/networks/check", response_model=NetworkView, summary="Check a network file")
def check(web: Site, asked: AskedText) -> Response:
    """Every layer with its shape, parameters and FLOPs; or everything that is wrong, line by line."""
    with _written(asked.text) as path:
        return told(web.digits.network(path, asked.dataset))


@router.post("/networks/draw", response_class=Response, responses=DRAWING, summary="Draw a network file")
def draw_text(web: Site, asked: AskedText, form: Form = "svg") -> Response:
    """The graph with shapes, parameters and FLOPs as a picture."""
    with _written(asked.text) as path:
        return _drawn(web.digits.draw_network(path, asked.dataset, form), form)


@router.post("/networks/import", response_model=ImportedNetworkView, summary="Import a network")
def bring(web: Site, asked: AskedForeign) -> Response:
    """A network of another system as a network file (YAML), with what a person should know of it."""
    with _written(asked.text, asked.file) as path:
        return told(web.digits.import_network(FilePath(path)))


@router.get("/networks/{name}", response_model=NetworkView, summary="Show a network")
def show(web: Site, name: NetworkName, dataset: Shape) -> Response:
    """A network in numbers: layers, parameters, FLOPs, memory, and how it is usually trained."""
    return told(web.digits.network(_family(name), dataset))


@router.get("/networks/{name}/drawing", response_class=Response, responses=DRAWING, summary="Draw a network")
def draw(web: Site, name: NetworkName, dataset: Shape, form: Form = "svg") -> Response:
    """The graph with shapes, parameters and FLOPs as a picture."""
    return _drawn(web.digits.draw_network(_family(name), dataset, form), form)


@router.get("/networks/{name}/file", response_class=PlainTextResponse, summary="A network as a file")
def customize(web: Site, name: NetworkName, dataset: Shape) -> str:
    """A network as YAML, to be changed and trained as one's own."""
    return web.digits.customize_network(_family(name), dataset)


def _family(name: str) -> str:
    """The name, unless it is a file's: requests name no files of the server here."""
    if is_file(name):
        raise NameUnknown(f"There is no network {name!r}.", hint="See /api/v1/networks, or check the text of a file.")
    return name


def _drawn(data: bytes, form: str) -> Response:
    return Response(data, media_type=_MEDIA_TYPES[form], headers={"Cache-Control": "private, no-cache"})


@contextmanager
def _written(text: str, name: str = "network.yaml") -> Iterator[str]:
    """Text as a file for as long as it is looked at; what is wrong is told of ``name``."""
    with tempfile.TemporaryDirectory(prefix="digits-") as folder:
        path = FilePath(folder) / name
        path.write_text(text, encoding="utf-8")
        try:
            yield str(path)
        except DigitsError as refused:
            items = (Problem(_plain(p.message, folder), _plain(p.where, folder), p.hint) for p in refused.problems)
            raise type(refused)(*items) from None


def _plain(text: str, folder: str) -> str:
    return text.replace(f"{folder}/", "")
