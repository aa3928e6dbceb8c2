"""What a report says of one layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.graph.graph import Layer
from digits_core.inference.inspection.bars import reach_of
from digits_core.inference.inspection.colours import Scale, scale_of
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
from digits_core.inference.inspection.tiling import Picture
from digits_core.units import format_count

Array: TypeAlias = npt.NDArray[Any]
#: Makes a picture of an array of a layer, on a scale or one of its own.
Draw: TypeAlias = Callable[[InspectedLayer, Array, Scale | None], Picture]


def layer_card(seen: InspectedLayer, most: int) -> str:
    """A layer of one network: its activation, then its weights."""
    parts = [_tensor([figure(activation_picture(seen.activation, most), "activation")], _activation_facts(seen),
                     histogram(seen.statistics.histogram))]  # fmt: skip
    for name, array in seen.weights.items():
        found = seen.weight_statistics[name]
        picture = weight_picture(seen.layer, name, array, most)
        parts.append(
            _tensor([figure(picture, _local(name))], facts(statistics_rows(found)), histogram(found.histogram))
        )
    return _card(seen.layer, parts)


def comparison_card(
    one: InspectedLayer, other: InspectedLayer, found: LayerDifference, titles: tuple[str, str], most: int
) -> str:
    """A layer of two networks: activation and weights of both, and their difference."""

    def activation(seen: InspectedLayer, array: Array, scale: Scale | None) -> Picture:
        return activation_picture(array, most, scale)

    seen, made = (one, other), (one.activation, other.activation)
    parts = [_both("activation", titles, seen, made, activation, found.activation)]
    for name, difference in found.weights.items():

        def weight(seen: InspectedLayer, array: Array, scale: Scale | None, name: str = name) -> Picture:
            return weight_picture(seen.layer, name, array, most, scale)

        learned = (one.weights[name], other.weights[name])
        parts.append(_both(_local(name), titles, seen, learned, weight, difference))
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
    name: str,
    titles: tuple[str, str],
    seen: tuple[InspectedLayer, InspectedLayer],
    arrays: tuple[Array, Array],
    picture: Draw,
    difference: Difference | None,
) -> str:
    """Two arrays on one scale and their difference on its own; of other shapes, each by itself."""
    same = arrays[0].shape == arrays[1].shape
    scale = _shared(arrays, picture(seen[0], arrays[0], None)) if same else None
    figures = [
        figure(picture(layer, array, scale), f"{name}, {title}")
        for layer, array, title in zip(seen, arrays, titles, strict=True)
    ]
    if same and np.array_equal(*arrays):
        figures.append("<figure><figcaption><b>no difference</b></figcaption></figure>")
    elif same:
        apart = arrays[0].astype(np.float32) - arrays[1]
        figures.append(figure(picture(seen[0], apart, None), "difference"))
    return _tensor(figures, facts(difference_rows(difference)), "", "sides three")


def _shared(arrays: tuple[Array, Array], picture: Picture) -> Scale | None:
    """A scale for both of two arrays; None where a picture of them has none for all of it."""
    if picture.scale is None:
        return None
    both = np.concatenate([array.ravel() for array in arrays])
    return reach_of(both) if picture.bars else scale_of(both)


def _activation_facts(seen: InspectedLayer) -> str:
    rows = list(statistics_rows(seen.statistics))
    if seen.saturated is not None:
        rows.append((f"saturated, {MEANING[seen.layer.op.kind]}", share(seen.saturated)))
    if seen.silent:
        silent = f"{seen.silent:,} of {len(seen.activation):,}"
        rows.append(("silent units" if seen.activation.ndim == 1 else "silent channels", silent))
    return facts(rows)


def _local(name: str) -> str:
    return name.rpartition("/")[2]
