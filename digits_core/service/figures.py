"""The pictures of an inspection, one by one, for whoever shows them in a way of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digits_core.inference.inspection.cards import layer_files
from digits_core.inference.inspection.colours import gradient
from digits_core.inference.inspection.layers import Inspection
from digits_core.inference.inspection.report import saliency_files
from digits_core.inference.inspection.saliency import Saliency
from digits_core.inference.inspection.tiling import Picture


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with what it shows.

    Attributes:
        layer: The layer; empty: it shows the input.
        weight: Canonical name of the weight; empty: it shows an activation, or the input.
        png: The file, small: one pixel per element.
        width: Pixels that it is meant to be shown with.
        height: The same of its height.
        caption: What is shown, and what was left out.
        low: Value of the first colour, or of the lowest bar; None: there is no scale for all of it.
        high: The same of the last.
        colours: The scale of colours as a gradient of CSS; empty: heights stand for values.
    """

    layer: str
    weight: str
    png: bytes
    width: int
    height: int
    caption: str
    low: float | None
    high: float | None
    colours: str


def layer_figures(inspection: Inspection, saliency: Sequence[Saliency], tiles: int) -> Iterator[Figure]:
    """Every picture of an inspection; see `Inspected.figures`."""
    for _, picture in saliency_files(inspection, saliency):
        yield _figure("", "", picture)
    for seen in inspection.layers:
        names = ("", *seen.weights)
        for name, (_, picture) in zip(names, layer_files(seen, tiles), strict=True):
            yield _figure(seen.layer.name, name, picture)


def _figure(layer: str, weight: str, picture: Picture) -> Figure:
    width, height = picture.size
    scale = picture.scale
    low, high = (scale.low, scale.high) if scale else (None, None)
    colours = gradient(signed=scale.signed) if scale and not picture.bars else ""
    return Figure(layer, weight, picture.png(), width, height, picture.caption, low, high, colours)
