"""What is asked of an inspection."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from digits_core.spec.model import Spec

#: How to find out what counts in a picture.
SaliencyMethod = Literal["occlusion", "grad-cam"]


class ComparedSpec(Spec):
    """What a model is put beside."""

    model: str = ""
    """The other model; empty: the same one, computed by something else."""
    runtime: str | None = None
    """Who computes it: `onnx`, or `native` for a backend."""
    backend: str | None = None
    """Which backend computes it."""


class InspectionSpec(Spec):
    """A look inside a model."""

    model: str
    """`JOB`, `JOB@best`, `JOB@epoch-3`, an imported model, or an archive; of a job that trains its latest snapshot."""
    image: Path
    """A picture file."""
    runtime: str | None = None
    """Who computes: `onnx`, or `native` for a backend; empty: ONNX Runtime where it is installed and can."""
    backend: str | None = None
    """Which backend computes, in place of ONNX Runtime."""
    layers: tuple[str, ...] = ()
    """Patterns of names of layers, like `conv*`; empty: all that the output depends on."""
    saliency: tuple[SaliencyMethod, ...] = ()
    """What counts in the picture, found in these ways."""
    label: str | None = None
    """The class that saliency is about; empty: the most likely one."""
    cam_layer: str = ""
    """Whose features Grad-CAM asks; empty: the last layer that still is a picture."""
    compare: ComparedSpec | None = None
    """What the model is put beside."""
    top: int = Field(default=5, ge=1)
    """Classes that are told."""
    tiles: int = Field(default=64, ge=1)
    """Maps that a picture shows at most."""
