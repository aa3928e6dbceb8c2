"""What a report says of one layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.graph.graph import Layer
from digits_core.inference.inspection.bars import bars_picture
from digits_core.inference.inspection.colours import scale_of
from digits_core.inference.inspection.comparison import Difference, LayerDifference
from digits_core.inference.inspection.layers import InspectedLayer
from digits_core.inference.inspection.pieces import (
    difference_rows,
    facts,
    fields,
    figure,
    histogram,
    shape,
    share,
    statistics_rows,
)
from digits_core.inference.inspection.saturation import MEANING
from digits_core.inference.inspection.shown import activation_picture, weight_picture
from digits_core.inference.inspection.statistics import Statistics
from digits_core.inference.inspection.tiling import Picture
from digits_core.units import format_count

Array = npt.NDArray[Any]


def layer_card(seen: InspectedLayer, most: int) -> str:
    """A layer of one network: its activation, then its weights."""
    parts = [_tensor([figure(activation_picture(seen.activation, most), "activation")], _activation_facts(seen),
                     histogram(seen.statistics.histogram))]  # fmt: skip
    for name, array in seen.weights.items():
        found = seen.weight_statistics[name]
        picture = weight_picture(seen.layer, name, array, most)
        parts.append(_tensor([figure(picture, _local(name))], facts(_weight_rows(found)), histogram(found.histogram)))
    return _card(seen.layer, parts)


def comparison_card(
    one: InspectedLayer, other: InspectedLayer, found: LayerDifference, titles: tuple[str, str], most: int
) -> str:
    """A layer of two networks: activation and weights of both, and their difference."""

    def activation(array: Array, scale: Any) -> Picture:
        return activation_picture(array, most, scale)

    parts = [_both("activation", (one.activation, other.activation), activation, found.activation, titles)]
    for name, difference in found.weights.items():

        def weight(array: Array, scale: Any, name: str = name) -> Picture:
            return weight_picture(one.layer, name, array, most, scale)

        parts.append(_both(_local(name), (one.weights[name], other.weights[name]), weight, difference, titles))
    return _card(one.layer, parts)


def layer_files(seen: InspectedLayer, most: int) -> Iterator[tuple[str, Picture]]:
    """Pictures of a layer by the names of their files, without folder and suffix."""
    yield seen.layer.name, activation_picture(seen.activation, most)
    for name, array in seen.weights.items():
        yield name.replace("/", "-"), weight_picture(seen.layer, name, array, most)


def _card(layer: Layer, parts: Iterable[str]) -> str:
    inputs = f"from {', '.join(layer.inputs)}" if layer.inputs else ""
    parameters = f"{format_count(layer.parameter_count)} parameters · " if layer.parameter_count else ""
    head = (
        f'<h3>{escape(layer.name)}</h3><span class="tag">{escape(layer.op.kind)}</span>'
        f"<span>{shape(layer.output)}</span>"
        f'<span class="soft">{parameters}{escape(inputs)}</span><span class="soft">{fields(layer)}</span>'
    )
    name = escape(layer.name, quote=True)
    return f'<section id="{name}"><header>{head}</header>{"".join(parts)}</section>'


def _tensor(figures: Iterable[str], numbers: str, chart: str, kind: str = "sides") -> str:
    return f'<div class="tensor"><div class="{kind}">{"".join(figures)}</div><div>{numbers}{chart}</div></div>'


def _both(
    name: str, arrays: tuple[Array, Array], picture: Any, difference: Difference | None, titles: tuple[str, str]
) -> str:
    """Two arrays on one scale and their difference on its own; of other shapes, each by itself."""
    same = arrays[0].shape == arrays[1].shape
    # Bars reach from edge to edge of their own, colours have a scale that can be shared.
    first = picture(arrays[0], None)
    scale = _shared(arrays, first) if same else None
    figures = [figure(picture(array, scale), f"{name}, {title}") for array, title in zip(arrays, titles, strict=True)]
    if same and np.array_equal(*arrays):
        figures.append("<figure><figcaption><b>no difference</b></figcaption></figure>")
    elif same:
        figures.append(figure(picture(arrays[0] - arrays[1], None), "difference"))
    return _tensor(figures, facts(difference_rows(difference)), "", "sides three")


def _shared(arrays: tuple[Array, Array], picture: Picture) -> Any:
    if picture.scale is None:
        return None
    both = np.concatenate([array.ravel() for array in arrays])
    return bars_picture(both, "").scale if picture.bars else scale_of(both)


def _activation_facts(seen: InspectedLayer) -> str:
    rows = list(statistics_rows(seen.statistics))
    if seen.saturated is not None:
        rows.append((f"saturated, {MEANING[seen.layer.op.kind]}", share(seen.saturated)))
    if seen.silent:
        silent = f"{seen.silent:,} of {len(seen.activation):,}"
        rows.append(("silent units" if seen.activation.ndim == 1 else "silent channels", silent))
    return facts(rows)


def _weight_rows(found: Statistics) -> Iterator[tuple[str, str]]:
    yield from statistics_rows(found)


def _local(name: str) -> str:
    return name.rpartition("/")[2]
