"""Read models of what a form offers: backends and what they claim, policies and solvers with their parameters."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from digits_core.service.views.view import View


class BackendView(View):
    """A backend, and what it claims on this machine."""

    name: str
    """What users write."""
    summary: str
    """One sentence."""
    available: bool
    """Whether jobs can run in it here, as far as is known."""
    asked: bool = True
    """Whether it has been asked; one that has not tells nothing of what it claims."""
    problem: str = ""
    """Why they cannot."""
    remedy: str = ""
    """What to do about that."""
    devices: tuple[str, ...] = ()
    """What it drives here, with names: ``gpu:0 (NVIDIA H100)``."""
    device_kinds: tuple[str, ...] = ()
    """Kinds of devices: ``cpu``, ``gpu``."""
    precisions: tuple[str, ...] = ()
    """Number formats that it computes in."""
    solvers: tuple[str, ...] = ()
    """Solvers that it applies; those of plugins apart."""
    ops: tuple[str, ...] = ()
    """Operations that it builds."""
    distributed: bool = False
    """Whether several devices can train together."""
    deterministic: bool = False
    """Whether a job on CPU devices, run twice, gives the same to the last bit."""
    compiles: bool = False
    """Whether it can compile steps."""
    native: bool = False
    """Whether it trains networks written in its framework."""
    exports: tuple[str, ...] = ()
    """Formats of its framework that models can be exported to here."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Its packages, and their versions."""
    interpreter: str | None = None
    """The Python that its jobs run in, where settings name one."""


class ParameterView(View):
    """A parameter of a choice."""

    name: str
    """Its key in the request."""
    type: str
    """``number``, ``integer``, ``boolean``, ``string`` or ``array`` (of numbers)."""
    optional: bool
    """Whether it may be empty."""
    default: Any = None
    """Its value where none is given."""
    minimum: float | None = None
    """The least that is allowed."""
    above: float | None = None
    """It has to be more than this."""
    maximum: float | None = None
    """The most that is allowed."""
    below: float | None = None
    """It has to be less than this."""
    description: str
    """What it means."""


class ChoiceView(View):
    """A policy or a solver."""

    name: str
    """What users write."""
    summary: str
    """Its formula, in a sentence."""
    source: str = ""
    """Where it is from: authors, title, year, address."""
    plugin: str = ""
    """The plugin that brings it; empty: DIGITS itself."""
    parameters: tuple[ParameterView, ...]
    """What can be set, in documentation order."""
