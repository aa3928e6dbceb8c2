"""Read models of what is inside a network."""

from __future__ import annotations

from digits_core.service.views.classification import GuessView
from digits_core.service.views.view import View


class HistogramView(View):
    """How often values occur."""

    low: float
    """Where the first bin begins."""
    high: float
    """Where the last bin ends."""
    counts: tuple[int, ...]
    """Elements in each of 20 bins of equal width."""


class TensorView(View):
    """An array in numbers; elements that are not finite count in `not_finite` only."""

    shape: tuple[int, ...]
    """Its shape, without the batch."""
    mean: float
    """Arithmetic mean."""
    std: float
    """Standard deviation."""
    low: float
    """Smallest element."""
    high: float
    """Largest element."""
    zeros: float
    """Share of elements that are exactly 0."""
    not_finite: int
    """Elements that are NaN or infinite."""
    histogram: HistogramView
    """From the smallest to the largest element."""


class InspectedLayerView(View):
    """A layer, what it made of the picture and what it has learned."""

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
    """Floating point operations per picture."""
    activation: TensorView
    """What it made of the picture."""
    saturated: float | None = None
    """Share of units where its function is flat; nothing where it has no flat parts."""
    silent: int
    """Channels or units that are 0 everywhere."""
    weights: dict[str, TensorView]
    """Its weights, by canonical name."""


class SaliencyView(View):
    """What counts in the picture for a class."""

    method: str
    """`occlusion` or `grad-cam`."""
    label: str
    """The class."""
    probability: float
    """Of the class, for the picture as it is."""
    backend: str
    """What computed."""
    layer: str | None = None
    """Whose features were asked (Grad-CAM)."""
    window: int | None = None
    """Side of what was hidden, in pixels (occlusion)."""
    values: tuple[tuple[float, ...], ...]
    """Rows of a coarse grid over the picture: the fall of the probability, or the sum of weighted features."""


class DifferenceView(View):
    """How far apart two arrays are."""

    max_abs: float
    """max |a − b|."""
    relative: float
    """‖a − b‖ / max(‖a‖, ‖b‖)."""
    cosine: float
    """a·b / (‖a‖·‖b‖)."""


class LayerDifferenceView(View):
    """How far apart a layer of two networks is."""

    name: str
    """The layer."""
    activation: DifferenceView | None = None
    """Of what it makes of the picture; nothing where the two cannot be compared."""
    weights: dict[str, DifferenceView | None]
    """Of each weight that both have, by canonical name."""


class ComparisonView(View):
    """Two networks, or two that compute the same one, side by side."""

    model: str
    """The other model."""
    backend: str
    """What computed it."""
    top: tuple[GuessView, ...]
    """Its most likely classes, best first."""
    parts_at: str
    """The first layer whose activations have a relative difference above `parted`; empty: none."""
    parted: float
    """That limit."""
    summary: str
    """Where they part, in words."""
    layers: tuple[LayerDifferenceView, ...]
    """Layers that both have, in computing order."""
    only_here: tuple[str, ...]
    """Layers of the model alone."""
    only_there: tuple[str, ...]
    """Layers of the other model alone."""


class InspectionView(View):
    """A network while it looks at a picture."""

    model: str
    """The snapshot or imported model."""
    network: str
    """Name of its network."""
    backend: str
    """What computed: `onnx`, or the name of a backend."""
    image: str
    """The picture, as it was named."""
    input: tuple[int, int, int]
    """Height, width and channels as the network sees it."""
    top: tuple[GuessView, ...]
    """The most likely classes, best first."""
    parameters: int
    """Trainable elements of the whole network."""
    activations: int
    """Elements of all activations that are listed."""
    layers: tuple[InspectedLayerView, ...]
    """In computing order."""
    saliency: tuple[SaliencyView, ...] = ()
    """What counts in the picture."""
    comparison: ComparisonView | None = None
    """The other one."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
