"""One page of HTML about what is inside a network: nothing else is needed to read it, neither files nor scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources

import numpy as np

from digits_core.graph.graph import Layer
from digits_core.graph.native import NATIVE
from digits_core.inference.inspection.cards import comparison_card, layer_card
from digits_core.inference.inspection.colours import gradient
from digits_core.inference.inspection.comparison import PARTED, Comparison, LayerDifference
from digits_core.inference.inspection.layers import InspectedLayer, Inspection
from digits_core.inference.inspection.overlay import overlay_picture, seen_picture
from digits_core.inference.inspection.pieces import figure, meter, number, shape, share, sparkline
from digits_core.inference.inspection.saliency import Saliency
from digits_core.inference.inspection.tiling import Picture
from digits_core.units import format_count

_FOOT = (
    "Pictures: one pixel per element, enlarged; large maps are reduced, and of many an even choice is shown, as the "
    "captions say. All tiles of a picture have one scale of colours, which ends before the largest 0.2 % of the "
    "elements. Heights of histograms are roots of counts. Saturated units pass no gradient, or nearly none. Silent "
    "channels are 0 everywhere."
)


def inspection_report(
    inspection: Inspection, saliency: Sequence[Saliency] = (), *, image: str, top: int = 5, most: int = 64
) -> str:
    """The page about one network and one picture.

    Args:
        inspection: What is inside.
        saliency: What counts in the picture.
        image: What the picture is called.
        top: Classes that are shown.
        most: Maps of a picture that are shown at most.
    """
    seen = figure(seen_picture(inspection.pixels), image)
    shown = [figure(overlay_picture(inspection.pixels, one), _saliency_title(inspection, one)) for one in saliency]
    body = [
        f"<h1>{escape(inspection.model.name)}</h1>",
        f'<p class="soft">{_sentence(inspection)}</p>',
        f'<div class="top">{seen}{"".join(shown)}{_guesses(inspection, top)}</div>',
        _totals(inspection),
        "<h2>Through the layers</h2>",
        _table(inspection),
        "<h2>Layer by layer</h2>",
        *(layer_card(layer, most) for layer in inspection.layers),
    ]
    return _page(f"{inspection.model.name} · {image}", body)


def comparison_report(comparison: Comparison, *, image: str, top: int = 5, most: int = 64) -> str:
    """The page about two networks and one picture, side by side.

    Args:
        comparison: What is inside of both, and how far apart it is.
        image: What the picture is called.
        top: Classes that are shown.
        most: Maps of a picture that are shown at most.
    """
    one, other = comparison.one, comparison.other
    ours = {layer.layer.name: layer for layer in one.layers}
    theirs = {layer.layer.name: layer for layer in other.layers}
    sides = "".join(
        f'<div class="top">{figure(seen_picture(side.pixels), title(side))}{_guesses(side, top)}</div>'
        for side in (one, other)
    )
    cards = (
        comparison_card(ours[d.name], theirs[d.name], d, (title(one), title(other)), most) for d in comparison.layers
    )
    heading = f"{title(one)} and {title(other)}"
    body = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="soft">Picture {escape(image)}.</p>',
        f'<p class="verdict">{verdict(comparison)}</p>',
        f'<div class="pair">{sides}</div>',
        "<h2>Through the layers</h2>",
        _curve(comparison),
        _difference_table(comparison),
        "<h2>Layer by layer</h2>",
        *cards,
    ]
    return _page(heading, body)


def title(inspection: Inspection) -> str:
    """A model and what computed it."""
    return f"{inspection.model.name} in {inspection.runtime}"


def verdict(comparison: Comparison) -> str:
    """Where two networks part, in words."""
    alone = [
        f"Only in {title(side)}: {', '.join(names)}."
        for side, names in ((comparison.one, comparison.only_one), (comparison.other, comparison.only_other))
        if names
    ]
    limit = f"a relative difference of {PARTED:g}"
    if not comparison.layers:
        first = "They have no layer in common."
    elif comparison.parts_at:
        first = f"They part at {comparison.parts_at}: the first activation with more than {limit}, or another shape."
    else:
        first = f"They agree: no activation has more than {limit}."
    return escape(" ".join([first, *alone]))


def saliency_files(inspection: Inspection, saliency: Sequence[Saliency]) -> Iterator[tuple[str, Picture]]:
    """Pictures of the input by the names of their files."""
    yield "picture", seen_picture(inspection.pixels)
    for one in saliency:
        yield one.method, overlay_picture(inspection.pixels, one)


def _page(title: str, body: Sequence[str]) -> str:
    style = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    scales = "".join(
        f".legend .{name} {{ background: {gradient(signed=signed)}; }}\n"
        for name, signed in (("one", False), ("two", True))
    )
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}{scales}</style></head>\n<body>"
    )
    return "\n".join([head, *body, f"<footer>{_FOOT}</footer>", "</body></html>\n"])


def _sentence(inspection: Inspection) -> str:
    graph = inspection.model.graph
    height, width, channels = inspection.pixels.shape
    words = f"Network {graph.name}, computed by {inspection.runtime}; pictures of {width} × {height} × {channels}."
    if graph.layers[-1].op.kind == NATIVE:
        words += " It is native to its framework, which alone knows its layers: shown are its weights and logits."
    return escape(words)


def _guesses(inspection: Inspection, top: int) -> str:
    chances = inspection.probabilities[: len(inspection.labels)]
    rows = [
        f'<b>{escape(inspection.labels[place])}</b><span><i style="width:{100 * chances[place]:.2f}%"></i></span>'
        f"<span>{100 * chances[place]:.2f} %</span>"
        for place in np.argsort(-chances, kind="stable")[:top].tolist()
    ]
    return f'<div class="guesses">{"".join(rows)}</div>'


def _saliency_title(inspection: Inspection, found: Saliency) -> str:
    return f"{found.method} for {inspection.labels[found.label]} ({100 * found.probability:.2f} %)."


def _totals(inspection: Inspection) -> str:
    layers, graph = inspection.layers, inspection.model.graph
    elements = sum(layer.activation.size for layer in layers)
    zeros = sum(layer.statistics.zeros * layer.activation.size for layer in layers) / max(elements, 1)
    flat = [layer for layer in layers if layer.saturated is not None]
    saturated = sum((layer.saturated or 0.0) * layer.activation.size for layer in flat)
    rows = [
        (format_count(len(layers)), "layers shown"),
        (format_count(graph.parameter_count), "parameters"),
        (format_count(graph.trained_count), "of them trained"),
        (format_count(elements), "activations of one picture"),
        (share(zeros), "of them 0"),
    ]
    if flat:
        rows.append((share(saturated / sum(layer.activation.size for layer in flat)), "of units saturated"))
    return f'<ul class="totals">{"".join(f"<li><b>{value}</b>{name}</li>" for value, name in rows)}</ul>'


def _table(inspection: Inspection) -> str:
    head = (
        "<tr><th>layer<th>operation<th>output<th class=n>parameters<th class=n>mean<th class=n>std"
        "<th class=n>zeros<th class=n>saturated<th class=n>silent<th>histogram</tr>"
    )
    return f'<div class="scroll"><table>{head}{"".join(map(_row, inspection.layers))}</table></div>'


def _row(seen: InspectedLayer) -> str:
    layer, found = seen.layer, seen.statistics
    bad = ' <em class="bad">not finite</em>' if found.not_finite else ""
    silent = f"{seen.silent:,} of {len(seen.activation):,}" if seen.silent else ""
    parameters = format_count(layer.parameter_count) if layer.parameter_count else ""
    return (
        f"<tr>{_named(layer)}<td>{shape(layer.output)}<td class=n>{parameters}"
        f"<td class=n>{number(found.mean)}{bad}<td class=n>{number(found.std)}{meter(found.zeros)}"
        f"{meter(seen.saturated)}<td class=n>{silent}<td>{sparkline(found.histogram)}</tr>"
    )


def _named(layer: Layer) -> str:
    return f'<td><a href="#{escape(layer.name, quote=True)}">{escape(layer.name)}</a><td>{escape(layer.op.kind)}'


def _difference_table(comparison: Comparison) -> str:
    head = (
        "<tr><th>layer<th>operation<th>output<th class=n>relative<th class=n>largest<th class=n>cosine"
        "<th class=n>relative, weights</tr>"
    )
    layers = {layer.layer.name: layer.layer for layer in comparison.one.layers}
    rows = "".join(_difference_row(layers[d.name], d, comparison.parts_at) for d in comparison.layers)
    return f'<div class="scroll"><table>{head}{rows}</table></div>'


def _difference_row(layer: Layer, found: LayerDifference, parts_at: str) -> str:
    a = found.activation
    cells = (number(a.relative), number(a.largest), f"{a.cosine:.6f}") if a else ("another shape", "", "")
    weights = [d.relative for d in found.weights.values() if d]
    mark = ' class="parts"' if layer.name == parts_at else ""
    numbers = "".join(f"<td class=n>{cell}" for cell in (*cells, number(max(weights)) if weights else ""))
    return f"<tr{mark}>{_named(layer)}<td>{shape(layer.output)}{numbers}</tr>"


def _curve(comparison: Comparison) -> str:
    """Relative differences through the layers, a bar for each, from 1e-8 to 1 in powers of ten."""
    bars = []
    for place, found in enumerate(comparison.layers):
        relative = found.activation.relative if found.activation else 1.0
        tall = 100 * min(max(1 + np.log10(max(relative, 1e-9)) / 8, 0.005), 1.0)
        mark = ' class="parts"' if found.name == comparison.parts_at else ""
        bars.append(
            f'<rect{mark} x="{place}" y="{100 - tall:.1f}" width="0.85" height="{tall:.1f}">'
            f"<title>{escape(found.name)}: {number(relative)}</title></rect>"
        )
    limit, count = -100 * np.log10(PARTED) / 8, len(comparison.layers)
    line = f'<line x1="0" x2="{count}" y1="{limit:.1f}" y2="{limit:.1f}"/>'
    svg = f'<svg class="curve" viewBox="0 0 {count} 100" preserveAspectRatio="none">{"".join(bars)}{line}</svg>'
    words = f"Relative difference of the activations, from 1e−8 to 1 in powers of ten; the line is at {PARTED:g}."
    return f'{svg}<p class="soft">{words}</p>'
