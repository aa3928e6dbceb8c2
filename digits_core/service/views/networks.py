"""Read models of networks and imported models."""

from __future__ import annotations

from typing import Any

from digits_core.service.views.jobs import StartView
from digits_core.service.views.view import View


class ModelView(View):
    """An imported model, or that of an archive."""

    name: str
    """What users write."""
    created: str
    """Moment of the import, or when the archive was written here; ISO 8601 in UTC."""
    importer: str
    """Who read it; of an archive: ``archive``."""
    files: tuple[str, ...]
    """Names of the files that it was read from."""
    network: str
    """Name of its network."""
    parameters: int
    """Trainable elements."""
    classes: int
    """Logits of its output."""
    labels: tuple[str, ...]
    """Names of the classes, by number; none: nobody said."""
    input: tuple[int, int, int]
    """Height, width and channels that the network takes."""
    picture: tuple[int, int, int]
    """Height, width and channels that pictures are brought to; the middle is cut out of larger ones."""
    resize: str
    """How a picture of another shape is brought to size."""
    mean: str
    """What is subtracted: none, pixel or image."""
    size_bytes: int
    """Size of the weights' file, or of the archive."""
    notes: tuple[str, ...]
    """What a person should know."""


class LayerView(View):
    """A layer of a network."""

    name: str
    """Its name."""
    op: str
    """Kind of operation."""
    inputs: tuple[str, ...]
    """Layers it takes."""
    output: tuple[int, ...]
    """Its shape, without the batch."""
    parameters: int
    """Trainable elements."""
    flops: int
    """Floating point operations per picture, forward."""


class MemoryView(View):
    """What training is estimated to keep on one device, in bytes."""

    weights: int
    """Every weight."""
    slots: int
    """What the solver keeps."""
    gradients: int
    """One for each trained weight."""
    activations: int
    """What the backward pass needs again."""
    total: int
    """All of it, without the framework."""


class ParamView(View):
    """A param of a network family."""

    name: str
    """What users write: ``NETWORK:name=value``."""
    value: Any
    """Its value."""
    description: str
    """What it means."""


class RecipeView(View):
    """How a network is usually trained."""

    size: int
    """Shorter side of the pictures of a dataset."""
    crop: int | None
    """Side of the square that is cut out of them."""
    mirror: bool
    """Whether pictures are mirrored left to right at random."""
    batch: int
    """Pictures per step."""
    solver: str
    """How weights are updated."""
    rate: float
    """Base learning rate for that batch."""


class FamilyAdvice(View):
    """What a family says of its network."""

    params: tuple[ParamView, ...]
    """What can be set."""
    recipe: RecipeView
    """How it is usually trained."""


class NetworkView(View):
    """A network with every shape known."""

    name: str
    """Its name."""
    parameters: int
    """Trainable elements."""
    flops: int
    """Floating point operations per picture, forward."""
    classes: int
    """Logits of its output."""
    layers: tuple[LayerView, ...]
    """In computing order."""
    memory_bytes: MemoryView
    """What training takes at batch 64 with sgd in fp32."""
    family: FamilyAdvice | None = None
    """What its family says; nothing for a file."""


class ImportedNetworkView(View):
    """A network of another system as a network file of ours."""

    name: str
    """Its name."""
    parameters: int
    """Trainable elements, with the classes that it had."""
    layers: int
    """Number of layers, the input among them."""
    text: str
    """The network file, YAML."""
    notes: tuple[str, ...] = ()
    """What a person should know, each a sentence."""


class FamilyView(View):
    """A network that can be named."""

    name: str
    """What users write."""
    summary: str
    """One sentence."""
    plugin: str
    """The plugin that brings it."""


class SizedFamilyView(FamilyView):
    """A network that can be named, and how large it is for certain pictures."""

    parameters: int | None = None
    """Trainable elements; nothing where it cannot be built for them."""
    flops: int | None = None
    """Floating point operations per picture, forward; nothing where it cannot be built for them."""
    refused: str = ""
    """Why it cannot be built for them."""


class MistakeView(View):
    """What is wrong with a network."""

    message: str
    """Who, expected, found."""
    where: str = ""
    """The place, as errors tell it."""
    hint: str = ""
    """What to do."""
    line: int | None = None
    """The line of its text, from 1; nothing where the network is no text, or the mistake has no line."""


class SketchView(View):
    """A network that somebody is writing or choosing."""

    network: NetworkView | None = None
    """In numbers; nothing while something is wrong with it."""
    drawing: str = ""
    """As SVG."""
    start: StartView | None = None
    """What it begins with, where that is a model."""
    mistakes: tuple[MistakeView, ...] = ()
    """Everything that is wrong with it."""
