"""Imported models, and what models are for: classify, evaluate, look inside, doubt labels."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Body, Depends, File, Path, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from digits_core.errors import NameUnknown
from digits_core.service.views.about import TrashedView
from digits_core.service.views.classification import ClassificationView, TopView
from digits_core.service.views.inspection import InspectionView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.mining import ErrorsView
from digits_core.service.views.networks import ModelView
from digits_core.service.views.view import View
from digits_core.spec.dataset import DatasetReference, Split
from digits_core.spec.imported import ModelSpec
from digits_core.spec.model import NAME_PATTERN, Name
from digits_core.spec.pictures import PicturesSpec
from digits_web.api.acting import Acting, Editor, Site
from digits_web.api.bodies import BodySpec, Describes, file_example, named, told
from digits_web.api.etags import require_match
from digits_web.api.jobs import begun, submitted
from digits_web.api.later import LATER, Later
from digits_web.api.shown import ShownPicture, kept
from digits_web.importing import import_model
from digits_web.outside import model_name, pictures

router = APIRouter(tags=["models"])
#: The runtime that computes here: no framework is imported by a server.
RUNTIME = "onnx"
MOST_PICTURES = 1000
ModelName = Annotated[
    str,
    Path(
        description="`JOB`, `JOB@best`, `JOB@last`, `JOB@epoch-3`, or an imported model.",
        pattern=rf"^{NAME_PATTERN}(@[A-Za-z0-9._-]{{1,100}})?$",
        examples=["lenet-mnist@best"],
    ),
]
ImportedName = Annotated[Name, Path(description="Name of an imported model.", examples=["caffenet"])]
Top = Annotated[int, Query(ge=1, le=1000, description="How many classes of each picture.")]


Asked = Annotated[
    dict[str, Any],
    Describes(ModelSpec),
    Body(
        description="The request. Files are `upload:ID`, or absolute paths within folders that the server may read.",
        openapi_examples={
            "caffe": {
                "summary": "A network of Caffe with its weights, mean and labels",
                "value": {
                    "name": "caffenet",
                    "paths": ["upload:0123456789abcdef", "upload:123456789abcdef0"],
                    "mean": "upload:23456789abcdef01",
                    "labels": "upload:3456789abcdef012",
                },
            },
            "torchvision": {
                "summary": "Weights of torchvision",
                "value": {"name": "squeeze", "paths": ["/models/squeezenet1_1.pth"], "normalization": "imagenet"},
            },
        },
    ),
]


class ModelsView(View):
    """Models that were imported; those that were trained are snapshots of jobs."""

    models: tuple[ModelView, ...]
    """By name."""


class ClassifyRequest(BodySpec):
    """Pictures to be classified: some of these, or those of a dataset."""

    images: tuple[Annotated[str, Field(min_length=1, max_length=4000)], ...] = Field(
        default=(), max_length=MOST_PICTURES
    )
    """Addresses, `upload:ID`, and absolute paths within folders that the server may read."""
    dataset: DatasetReference | None = None
    """A dataset, instead."""
    split: Split = "val"
    """Which of its pictures."""
    top: int = Field(default=5, ge=1, le=1000)
    """How many classes of each."""

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if bool(self.images) == bool(self.dataset):
            found = "both" if self.images else "neither"
            raise ValueError(f"Pictures are expected as files or as a dataset, found {found}. Name one of the two.")
        return self


class EvaluateRequest(BodySpec):
    """What a model is scored on."""

    dataset: DatasetReference | None = None
    """Whose pictures; empty: those that it was trained with."""
    split: Split = "val"
    """Which of them."""


class InspectRequest(BodySpec):
    """What is to be looked at."""

    picture: ShownPicture
    """The picture."""
    layers: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=1000)
    """Patterns of names of layers, like `conv*`; empty: all that the output depends on."""
    occlusion: bool = False
    """Whether to find out what counts in the picture, by hiding parts of it."""
    label: str | None = None
    """The class that that is about; empty: the most likely one."""
    top: int = Field(default=5, ge=1, le=1000)
    """Classes that are told."""

    def spec(self, model: str, image: FilePath) -> dict[str, Any]:
        """The request as the service takes it."""
        asked = self.model_dump(include={"layers", "label", "top"})
        saliency = ("occlusion",) if self.occlusion else ()
        return {**asked, "model": model, "image": image, "saliency": saliency, "runtime": RUNTIME}


AskedInspection = Annotated[
    InspectRequest,
    Body(
        openapi_examples={
            "dataset": {
                "summary": "A validation picture, as convolutions see it",
                "value": {"picture": {"dataset": "mnist", "split": "val", "index": 3}, "layers": ["conv*"]},
            }
        }
    ),
]


class FindQuery(BaseModel):
    """Which pictures are looked at."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    dataset: DatasetReference | None = None
    """The dataset; empty: the version that the model was trained on."""
    split: Split = "val"
    """Which of its pictures."""
    count: int = Field(default=9, ge=1, le=1000)
    """How many are told, for each class or reason."""


class TopQuery(FindQuery):
    """Which pictures of which classes."""

    label: tuple[str, ...] = ()
    """Names of classes; empty: all."""

    def spec(self) -> dict[str, Any]:
        """The request as the service takes it."""
        return {"dataset": self.dataset, "split": self.split, "count": self.count, "classes": self.label}


class ErrorsQuery(FindQuery):
    """Which pictures, and what makes one doubtful."""

    by: Literal["margin", "entropy"] = "margin"
    """What tells unsure pictures: two classes equally probable, or many."""
    duplicates: bool = False
    """Whether splits are compared with each other, for which all of them are looked at."""


@router.get("/models", response_model=ModelsView, summary="List imported models")
def list_models(web: Site) -> Response:
    """Imported models; a trained one is named by its job."""
    return told(ModelsView(models=web.digits.models()))


@router.post("/models", response_model=ModelView, status_code=201, summary="Import a model")
def create_model(request: Request, web: Site, editor: Editor, asked: Asked) -> Response:
    """Make a model of the files of another system, complete or not at all; refused with all that is wrong."""
    view = import_model(web, editor.person, asked)
    return told(view, 201, {"Location": f"{request.scope['root_path']}/models/{view.name}"})


@router.get("/models/{model}", response_model=ModelView, summary="Show an imported model")
def show_model(web: Site, model: ImportedName) -> Response:
    """Its network, input and labels."""
    if model in web.digits.home.job_ids():
        hint = f"See /api/v1/jobs/{model}; what models are for is found below this address all the same."
        raise NameUnknown(f"{model!r} is a job, whose snapshots are models, and no imported model.", hint=hint)
    return told(web.digits.model(model_name(web, model)))


def own_model(editor: Editor, model: ImportedName) -> Acting:
    """Whoever asks, if they may change the model."""
    editor.require_model(model)
    return editor


@router.delete("/models/{model}", response_model=TrashedView, summary="Put an imported model into the trash")
def discard(request: Request, web: Site, owner: Annotated[Acting, Depends(own_model)], model: ImportedName) -> Response:
    """It can be restored until the trash is emptied; jobs that were started from it keep what they need."""
    require_match(request, web.digits.model(model))
    view = web.digits.discard_model(model)
    owner.did("discard model", model)
    return told(view)


@router.post(
    "/models/{model}/classify", response_model=ClassificationView, responses=LATER, summary="Classify pictures"
)
def classify(
    request: Request,
    web: Site,
    later: Later,
    model: ModelName,
    asked: Annotated[
        ClassifyRequest,
        Body(
            openapi_examples={
                "dataset": {"summary": "The validation pictures of a dataset", "value": {"dataset": "mnist"}},
                "upload": {"summary": "Uploaded pictures", "value": {"images": ["upload:0123456789abcdef"]}},
            }
        ),
    ],
) -> Response:
    """What pictures are taken for; one that cannot be read keeps its error, and the rest go on."""
    name = model_name(web, model)
    read, within = pictures(web, asked.images)
    wanted = PicturesSpec(
        images=tuple(read),
        within=within,
        called=dict(zip(read, asked.images, strict=True)),
        dataset=asked.dataset,
        split=asked.split,
        allow_private=web.settings.allow_private,
    )
    with named("dataset"):
        if later:
            task = {"model": name, "pictures": wanted, "top": asked.top, "runtime": RUNTIME}
            return submitted(request, web, "classification", task)
        return told(web.digits.classify(name, wanted, top=asked.top, runtime=RUNTIME))


@router.post(
    "/models/{model}/classify/files",
    response_model=ClassificationView,
    openapi_extra=file_example("files", "circle.png"),
    summary="Classify files",
)
def classify_files(
    web: Site,
    model: ModelName,
    files: Annotated[list[UploadFile], File(max_length=64, description="Pictures.")],
    top: Top = 5,
) -> Response:
    """The same with the pictures in the request itself, `multipart/form-data`."""
    name = model_name(web, model)
    with kept([file.file for file in files]) as places:
        images = tuple(map(str, places))
        names = (file.filename or f"picture {number}" for number, file in enumerate(files, 1))
        wanted = PicturesSpec(images=images, called=dict(zip(images, names, strict=True)))
        return told(web.digits.classify(name, wanted, top=top, runtime=RUNTIME))


@router.post("/models/{model}/evaluate", response_model=JobView, status_code=202, summary="Evaluate")
def evaluate(
    request: Request,
    web: Site,
    editor: Editor,
    model: ModelName,
    asked: Annotated[
        EvaluateRequest | None,
        Body(openapi_examples={"other": {"summary": "On another dataset", "value": {"dataset": "mnist@v0001"}}}),
    ] = None,
) -> Response:
    """Let a job score a model; `GET /jobs/{job}/evaluation` has the result once it is done."""
    asked = asked or EvaluateRequest()
    name = model_name(web, model)
    with named("dataset"):
        view = web.digits.submit_evaluation(name, dataset=asked.dataset, split=asked.split, runtime=RUNTIME)
    return begun(request, web, editor, view)


@router.post("/models/{model}/inspect", response_model=InspectionView, summary="Look inside")
def inspect(web: Site, model: ModelName, asked: AskedInspection) -> Response:
    """What every layer makes of a picture, and what it has learned, in numbers."""
    name = model_name(web, model)
    with named("picture"), asked.picture.file_of(web) as image:
        view = web.digits.inspect(asked.spec(name, image)).view
    return told(view.model_copy(update={"image": asked.picture.name}))


@router.post("/models/{model}/inspect/report", response_class=HTMLResponse, summary="Look inside, with pictures")
def report(web: Site, model: ModelName, asked: AskedInspection) -> str:
    """The same as one page of HTML that needs nothing else."""
    name = model_name(web, model)
    with named("picture"), asked.picture.file_of(web) as image:
        return web.digits.inspect(asked.spec(name, image)).report()


@router.get("/models/{model}/top", response_model=TopView, responses=LATER, summary="Top pictures")
def top_pictures(
    request: Request, web: Site, later: Later, model: ModelName, query: Annotated[TopQuery, Query()]
) -> Response:
    """The pictures that each class scores highest: what the model has learned to look for."""
    name = model_name(web, model)
    with named("dataset"):
        if later:
            return submitted(request, web, "top", {"model": name, "wanted": query.spec(), "runtime": RUNTIME})
        return told(web.digits.top(name, query.spec(), runtime=RUNTIME))


@router.get("/models/{model}/errors", response_model=ErrorsView, responses=LATER, summary="Doubtful pictures")
def errors(
    request: Request, web: Site, later: Later, model: ModelName, query: Annotated[ErrorsQuery, Query()]
) -> Response:
    """Pictures with wrong labels, confident mistakes, duplicates across splits, unsure ones."""
    asked = {"model": model_name(web, model), "dataset": query.dataset, "split": query.split, "runtime": RUNTIME}
    how = {"count": query.count, "by": query.by, "duplicates": query.duplicates}
    with named("dataset"):
        if later:
            return submitted(request, web, "errors", {"look": asked, **how})
        return told(web.digits.errors(asked, count=query.count, by=query.by, duplicates=query.duplicates))
