"""What requests may say: forms as JSON schema, backends, solvers and rate policies with their parameters."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import Field

from digits_core.service.views.choices import BackendView, ChoiceView
from digits_core.service.views.view import View
from digits_web.api.acting import Site
from digits_web.api.bodies import BodySpec, told

router = APIRouter(tags=["forms"])


class BackendsView(View):
    """What trains."""

    backends: tuple[BackendView, ...]
    """Each with what it can do here."""


class ChoicesView(View):
    """What can be chosen."""

    choices: tuple[ChoiceView, ...]
    """Each with its parameters."""


class CurveRequest(BodySpec):
    """A policy and its base rate."""

    policy: dict[str, Any]
    """The policy, as `schedule` of a request."""
    rate: float = Field(strict=True)
    """The base learning rate."""


class CurveView(View):
    """How the learning rate changes."""

    rates: tuple[float, ...]
    """At 0, 1, … 100 percent of training."""


@router.get("/backends", response_model=BackendsView, summary="List backends")
def backends(web: Site) -> Response:
    """Frameworks that train, and what each of them can do; the first look takes seconds."""
    return told(BackendsView(backends=web.digits.backends()))


@router.get("/solvers", response_model=ChoicesView, summary="List solvers")
def solvers(web: Site) -> Response:
    """How weights can be updated, with formula, source and parameters."""
    return told(ChoicesView(choices=web.digits.solvers()))


@router.get("/policies", response_model=ChoicesView, summary="List rate policies")
def policies(web: Site) -> Response:
    """How the learning rate can change, with formula, source and parameters."""
    return told(ChoicesView(choices=web.digits.policies()))


@router.post("/rate-curve", response_model=CurveView, summary="Draw a rate policy")
def rate_curve(
    web: Site,
    asked: Annotated[
        CurveRequest,
        Body(openapi_examples={"step": {"value": {"policy": {"policy": "step", "step": 33}, "rate": 0.01}}}),
    ],
) -> Response:
    """The learning rate at every percent of training."""
    return told(CurveView(rates=web.digits.rate_curve(asked.policy, asked.rate)))


@router.get("/forms/job", summary="Form of a job")
def job_form(web: Site) -> dict[str, Any]:
    """JSON schema of the request, with descriptions and defaults."""
    return web.digits.job_form()


@router.get("/forms/dataset", summary="Form of a dataset")
def dataset_form(web: Site) -> dict[str, Any]:
    """JSON schema of the request, with descriptions and defaults."""
    return web.digits.dataset_form()
