"""Read models of archives."""

from __future__ import annotations

from typing import Any

from digits_core.service.views.machine import CheckView
from digits_core.service.views.view import View


class ArchiveView(View):
    """An archive that is whole."""

    file: str
    """Where it is."""
    model: str
    """The model that it was made of."""
    digest: str
    """`sha256:…` of all that is in it, whatever form it is packed in."""
    license: str
    """Under which licence it is handed on; empty: nobody said."""
    size_bytes: int
    """Size of the file."""
    network: str
    """Name of the network."""
    parameters: int
    """Number of its trainable elements."""
    classes: int
    """Number of its outputs."""
    labels: tuple[str, ...]
    """Names of the classes, by number; empty: unknown."""
    input: tuple[int, int, int]
    """Height, width and channels that the network takes."""
    picture: tuple[int, int, int]
    """Height, width and channels that pictures are brought to."""
    resize: str
    """How a picture of another shape is brought to size."""
    metrics: dict[str, Any]
    """What was measured."""
    dataset: dict[str, Any]
    """What it was trained on."""
    job: dict[str, Any]
    """How it was trained."""
    files: dict[str, int]
    """Size of every file in it, in bytes."""


class ArchiveCheckView(View):
    """What was found when everything in an archive was used once."""

    file: str
    """Where it is."""
    digest: str
    """`sha256:…` of all that is in it."""
    passed: bool
    """Whether it is all as it should be."""
    checks: tuple[CheckView, ...]
    """One by one."""
