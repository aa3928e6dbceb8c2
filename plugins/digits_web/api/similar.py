"""Pictures of a dataset that a model finds like another one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import Field

from digits_core.service.views.mining import SimilarView
from digits_core.spec.dataset import DatasetReference, Split
from digits_web.api.acting import Site, editor
from digits_web.api.bodies import BodySpec, told
from digits_web.api.jobs import submitted
from digits_web.api.later import LATER, Later
from digits_web.api.models import RUNTIME, ModelName
from digits_web.api.shown import ShownPicture
from digits_web.outside import model_name

router = APIRouter(tags=["models"])


class SimilarRequest(BodySpec):
    """Which picture, and where ones like it are looked for."""

    picture: ShownPicture
    """The picture."""
    dataset: DatasetReference | None = None
    """Where to look; empty: the version that the model was trained on."""
    split: Split = "train"
    """In which of its pictures."""
    layer: str | None = Field(default=None, max_length=200)
    """The layer whose activations stand for pictures; empty: what the last dense layer takes."""
    count: int = Field(default=9, ge=1, le=1000)
    """How many are told."""

    def look(self, model: str) -> dict[str, Any]:
        """Where to look, as the service takes it."""
        return {**self.model_dump(include={"dataset", "split", "layer"}), "model": model, "runtime": RUNTIME}


@router.post("/models/{model}/similar", response_model=SimilarView, responses=LATER, summary="Similar pictures")
def similar(
    request: Request,
    web: Site,
    later: Later,
    model: ModelName,
    asked: Annotated[
        SimilarRequest,
        Body(
            openapi_examples={
                "dataset": {
                    "summary": "Like a validation picture",
                    "value": {"picture": {"dataset": "mnist", "split": "val", "index": 0}},
                },
                "upload": {
                    "summary": "Like an uploaded picture",
                    "value": {"picture": {"file": "upload:0123456789abcdef"}, "count": 20},
                },
            }
        ),
    ],
) -> Response:
    """The pictures that the model finds most like another; it looks at all once, and from then on searches at once."""
    look, called = asked.look(model_name(web, model)), asked.picture.name
    if later:
        image = asked.picture.lasting(web, editor(request, web).person.name)
        return submitted(
            request, web, "similar", {"look": look, "image": image, "called": called, "count": asked.count}
        )
    with asked.picture.file_of(web) as image:
        view = web.digits.similar(look, image, count=asked.count)
    return told(view.model_copy(update={"image": called}))
