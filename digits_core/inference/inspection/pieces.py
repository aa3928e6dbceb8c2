"""What a report is made of: pictures with legends, histograms, numbers."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

from digits_core.graph.graph import Layer
from digits_core.inference.inspection.colours import Scale
from digits_core.inference.inspection.comparison import Difference
from digits_core.inference.inspection.statistics import Histogram, Statistics
from digits_core.inference.inspection.tiling import Picture

_BAR, _HEIGHT = 9, 40


def figure(picture: Picture, title: str = "") -> str:
    """A picture with what it shows and what its colours mean; it is in the page itself."""
    width, height = picture.size
    data = base64.b64encode(picture.png()).decode()
    kind = "bars" if picture.bars else "pixels"
    heading = f"<b>{escape(title)}</b> " if title else ""
    return (
        f'<figure><img class="{kind}" loading="lazy" decoding="async" width="{width}" height="{height}" '
        f'alt="{escape(picture.caption, quote=True)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{heading}{escape(picture.caption)}{_legend(picture)}</figcaption></figure>"
    )


def histogram(found: Histogram) -> str:
    """Twenty bars; heights are roots of counts, so that the rare ones are seen beside the many."""
    most = max(found.counts) or 1
    total = sum(found.counts) or 1
    width = (found.high - found.low) / len(found.counts)
    bars = []
    for place, count in enumerate(found.counts):
        tall = _HEIGHT * (count / most) ** 0.5
        low = found.low + place * width
        words = f"{number(low)} … {number(low + width)}: {count:,} ({count / total:.1%})"
        bars.append(
            f'<rect x="{place * _BAR}" y="{_HEIGHT - tall:.1f}" width="{_BAR - 1}" height="{tall:.1f}">'
            f"<title>{words}</title></rect>"
        )
    view = f"0 0 {_BAR * len(found.counts)} {_HEIGHT}"
    ends = f'<div class="ends"><span>{number(found.low)}</span><span>{number(found.high)}</span></div>'
    return f'<svg class="histogram" viewBox="{view}" preserveAspectRatio="none">{"".join(bars)}</svg>{ends}'


def sparkline(found: Histogram) -> str:
    """The same without words, for a row of a table."""
    most = max(found.counts) or 1
    points = " ".join(f"{place},{18 - 17 * (count / most) ** 0.5:.1f}" for place, count in enumerate(found.counts))
    end = len(found.counts) - 1
    path = f'<path d="M0,18 L{points} {end},18Z"/>'
    return f'<svg class="spark" viewBox="0 0 {end} 18" preserveAspectRatio="none">{path}</svg>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns."""
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return f"<dl>{cells}</dl>"


def statistics_rows(found: Statistics) -> Iterable[tuple[str, str]]:
    """The numbers of an array."""
    yield "shape", shape(found.shape)
    yield "mean", number(found.mean)
    yield "std", number(found.std)
    yield "range", f"{number(found.low)} … {number(found.high)}"
    yield "zeros", share(found.zeros)
    if found.not_finite:
        yield "not finite", f'<em class="bad">{found.not_finite:,}</em>'


def difference_rows(found: Difference | None) -> Iterable[tuple[str, str]]:
    """How far apart two arrays are."""
    if found is None:
        yield "difference", "cannot be compared"
        return
    yield "relative", number(found.relative)
    yield "largest", number(found.largest)
    yield "cosine", f"{found.cosine:.6f}"


def meter(part: float | None) -> str:
    """A share as a cell with a bar behind it."""
    return "<td></td>" if part is None else f'<td class="meter" style="--share:{100 * part:.1f}%">{share(part)}</td>'


def fields(layer: Layer) -> str:
    """An operation and what it was told, where that is not the usual."""
    set_fields = layer.op.model_dump(exclude_defaults=True, exclude={"source", "weights", "digest"})
    words = [f"{name} {_short(value)}" for name, value in set_fields.items() if not name.endswith("initializer")]
    return escape(", ".join(words))


def number(value: float) -> str:
    """A number in four digits.

    >>> number(-0.0123412), number(3.0)
    ('−0.01234', '3')
    """
    return f"{value:.4g}".replace("-", "−")


def share(part: float) -> str:
    """A share as percent."""
    return f"{100 * part:.1f} %"


def shape(sizes: Iterable[int]) -> str:
    """A shape.

    >>> shape((20, 24, 24))
    '20 × 24 × 24'
    """
    return " × ".join(map(str, sizes)) or "one number"


def _legend(picture: Picture) -> str:
    if picture.scale is None:
        return ""
    if picture.bars:
        return f'<span class="range">from {number(picture.scale.low)} to {number(picture.scale.high)}</span>'
    return _colours(picture.scale)


def _colours(scale: Scale) -> str:
    kind = "two" if scale.signed else "one"
    return f'<span class="legend">{number(scale.low)}<i class="{kind}"></i>{number(scale.high)}</span>'


def _short(value: object) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
