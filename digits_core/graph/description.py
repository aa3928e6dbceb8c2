"""A network file as it is read, before its layers are understood."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from digits_core.graph.ops import Input
from digits_core.spec.model import Name, Spec


class LossDescription(Spec):
    """One loss of a network description."""

    logits: str
    """Name of the layer of logits."""
    weight: float = Field(default=1.0, ge=0)
    """Factor in the total loss."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the target that is spread over all classes."""


class InputDescription(Input):
    """The input of a network description; a dataset replaces its size."""

    channels: int = Field(default=3, ge=1)
    """Channels of the picture."""
    height: int = Field(default=256, ge=1)
    """Height in pixels."""
    width: int = Field(default=256, ge=1)
    """Width in pixels."""
    classes: int = Field(default=10, ge=1)
    """What `$classes` stands for where there is no dataset."""


class BlockDescription(Spec):
    """Layers that are written once and used by name: `{name: res2, block: NAME, …}`."""

    parameters: dict[str, Any] = Field(default={})
    """What a use may set, with what it is otherwise; `required`: a use must set it. Layers say `$name`."""
    layers: tuple[Any, ...] = Field(min_length=1)
    """Layers whose names are known inside the block only; `$input` is what the block takes."""
    output: str = ""
    """The layer that the block gives; empty: its last layer."""


class NetworkDescription(Spec):
    """A network file as it is read, before layers are understood."""

    format: Literal["digits/network"] = "digits/network"
    """What kind of file this is."""
    version: Literal[1] = 1
    """Version of the format."""
    name: Name
    """What the network is called."""
    input: InputDescription = InputDescription()
    """What pictures it takes."""
    blocks: dict[str, BlockDescription] = Field(default={})
    """Layers that are used by name, as often as needed."""
    layers: tuple[Any, ...] = Field(min_length=1)
    """Layers in any order; each has a name, maybe inputs, and an op with its fields and those of `Tuning`, or a block
    with its parameters."""
    losses: tuple[LossDescription, ...] = ()
    """What training minimises."""
    output: str = ""
    """The layer of logits that classifies."""
