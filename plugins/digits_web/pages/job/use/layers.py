"""Every layer of a network that looked at a picture: what it made of it, what it has learned, and both in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from nicegui import ui

from digits_core.service.views.inspection import HistogramView, InspectedLayerView, InspectionView, TensorView
from digits_web.pages.job.use.looking import Answer, ShownFigure
from digits_web.parts.addresses import address
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent

#: Width of a bar and height of a histogram, in its own coordinates.
_BAR, _TALL = 10, 48


def show(answer: Answer) -> None:
    """A table of all layers, then a card for each; nothing where nobody asked for them."""
    view = answer.inside
    if view is None:
        return
    section("Layer by layer")
    with ui.element("div").classes("digits-numbers"):
        for value, name in totals(view):
            with ui.element("div").classes("digits-figure"):
                ui.label(value).classes("digits-figure-value")
                ui.label(name).classes("digits-soft digits-small")
    ui.html(table(view), sanitize=False).classes("digits-full digits-scroll digits-card")
    for layer in view.layers:
        shown = [one for one in answer.figures if one.figure.layer == layer.name]
        ui.html(card(layer, shown), sanitize=False).classes("digits-full")


def totals(view: InspectionView) -> Iterator[tuple[str, str]]:
    """Numbers of the whole network."""
    yield f"{len(view.layers)}", "layers"
    yield f"{view.parameters:,}", "parameters"
    yield f"{view.activations:,}", "activations of one picture"


def table(view: InspectionView) -> str:
    """All layers in a table, each leading to its card."""
    head = "".join(
        f"<th>{name}</th>"
        for name in ("Layer", "Operation", "Output", "Parameters", "Mean", "Deviation", "Zeros", "Silent", "Histogram")
    )
    return f'<table class="digits-facts digits-layers"><tr>{head}</tr>{"".join(map(_row, view.layers))}</table>'


def _row(layer: InspectedLayerView) -> str:
    found = layer.activation
    silent = f"{layer.silent:,} of {layer.output[0]:,}" if layer.silent else ""
    cells = (
        f'<a class="digits-link" href="#layer-{escape(layer.name, quote=True)}">{escape(layer.name)}</a>',
        escape(layer.op),
        shape(layer.output),
        f"{layer.parameters:,}" if layer.parameters else "",
        number(found.mean),
        number(found.std),
        percent(found.zeros),
        silent,
        histogram(found.histogram, small=True),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def card(layer: InspectedLayerView, figures: Sequence[ShownFigure]) -> str:
    """One layer: its activation, then each of its weights."""
    inputs = f"from {', '.join(layer.inputs)}" if layer.inputs else ""
    parameters = f"{layer.parameters:,} parameters" if layer.parameters else "no parameters"
    head = (
        f'<h3>{escape(layer.name)}</h3><span class="digits-tag">{escape(layer.op)}</span>'
        f'<span>{shape(layer.output)}</span><span class="digits-soft">{parameters}</span>'
        f'<span class="digits-soft">{escape(inputs)}</span>'
    )
    tensors = {"": layer.activation, **layer.weights}
    parts = "".join(_tensor(one, tensors[one.figure.weight], layer) for one in figures)
    name = escape(layer.name, quote=True)
    return f'<section class="digits-card digits-layer" id="layer-{name}"><header>{head}</header>{parts}</section>'


def _tensor(shown: ShownFigure, found: TensorView, layer: InspectedLayerView) -> str:
    name = shown.figure.weight.rpartition("/")[2] or "activation"
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in _facts(shown, found, layer))
    facts = f'<table class="digits-facts digits-small digits-number">{rows}</table>'
    return f'<div class="digits-tensor">{_figure(shown, name)}<div>{facts}{histogram(found.histogram)}</div></div>'


def _facts(shown: ShownFigure, found: TensorView, layer: InspectedLayerView) -> Iterator[tuple[str, str]]:
    yield "Shape", shape(found.shape)
    yield "Mean", number(found.mean)
    yield "Deviation", number(found.std)
    yield "Range", f"{number(found.low)} … {number(found.high)}"
    yield "Zeros", percent(found.zeros)
    if found.not_finite:
        yield "Not finite", f"{found.not_finite:,}"
    if not shown.figure.weight and layer.saturated is not None:
        yield "Saturated", percent(layer.saturated)


def _figure(shown: ShownFigure, name: str) -> str:
    figure = shown.figure
    kind = "" if figure.colours else " digits-bars"
    words = escape(f"{name}: {figure.caption}", quote=True)
    return (
        f'<figure><img class="digits-pixels{kind}" loading="lazy" decoding="async" alt="{words}" '
        f'width="{figure.width}" height="{figure.height}" src="{address(shown.address)}">'
        f"<figcaption><b>{escape(name)}</b> {escape(figure.caption)}{_scale(shown)}</figcaption></figure>"
    )


def _scale(shown: ShownFigure) -> str:
    figure = shown.figure
    if figure.low is None or figure.high is None:
        return ""
    bar = f'<i style="background: {figure.colours}"></i>' if figure.colours else "…"
    return f'<span class="digits-legend">{number(figure.low)}{bar}{number(figure.high)}</span>'


def histogram(found: HistogramView, *, small: bool = False) -> str:
    """Twenty bars; heights are roots of counts, so that the rare ones are seen beside the many."""
    most, bins = max(found.counts) or 1, len(found.counts)
    width = (found.high - found.low) / bins
    bars = "".join(
        f'<rect x="{place * _BAR}" y="{_TALL - tall:.1f}" width="{_BAR - 1}" height="{tall:.1f}">'
        f"<title>{number(low)} … {number(low + width)}: {count:,}</title></rect>"
        for place, count in enumerate(found.counts)
        for tall, low in [(_TALL * (count / most) ** 0.5, found.low + place * width)]
    )
    kind = "digits-histogram digits-histogram-small" if small else "digits-histogram"
    ends = (
        ""
        if small
        else f'<div class="digits-spread digits-small digits-soft"><span>{number(found.low)}</span>'
        f"<span>{number(found.high)}</span></div>"
    )
    words = f"Histogram from {number(found.low)} to {number(found.high)}"
    return (
        f'<svg class="{kind}" role="img" aria-label="{words}" viewBox="0 0 {_BAR * bins} {_TALL}" '
        f'preserveAspectRatio="none">{bars}</svg>{ends}'
    )


def number(value: float) -> str:
    """A number in four digits.

    >>> number(-0.0123412)
    '−0.01234'
    """
    return f"{value:.4g}".replace("-", "−")


def shape(sizes: Sequence[int]) -> str:
    """A shape.

    >>> shape((20, 24, 24))
    '20 × 24 × 24'
    """
    return " × ".join(map(str, sizes)) or "one number"
