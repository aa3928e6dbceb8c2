"""A learning-rate curve as text, as a picture, and as files in a job's folder."""

from __future__ import annotations

import math
from collections.abc import Iterator

from digits_core.disk import write_file
from digits_core.service.views.jobs import RateView
from digits_core.spec.files import dump_json
from digits_core.store.job import JobFolder

#: Rows of a curve in words, and length of their longest bar.
ROWS, BAR = 17, 32
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 64, 64, 24, 52


def keep_curve(folder: JobFolder, view: RateView) -> None:
    """Write a curve and its picture into a job's folder."""
    write_file(folder.rate_path, dump_json(view.to_dict()))
    write_file(folder.rate_path.with_suffix(".svg"), draw(view))


def rate_view(folder: JobFolder) -> RateView | None:
    """The curve that a job's rate was found by; None where it was not, or nobody can tell any more."""
    try:
        return RateView.model_validate_json(folder.rate_path.read_bytes())
    except (OSError, ValueError):
        return None


def table(view: RateView) -> str:
    """The curve as lines of text.

    >>> print(table(RateView(rate=0.1, lowest=1.0, steepest=0.1, batch=8, seconds=1, rates=(0.01, 0.1, 1.0),
    ...     losses=(2, 1.5, 1), smoothed=(2, 1.5, 1))))
          rate       loss
          0.01          2  ████████████████████████████████
           0.1        1.5  ████████████████████████  ← taken
             1          1  ████████████████  ← lowest
    """
    return "\n".join(["      rate       loss", *_rows(view)])


def _rows(view: RateView) -> Iterator[str]:
    marks = {nearest(view, rate): text for rate, text in ((view.lowest, "lowest"), (view.rate, "taken"))}
    evenly = {round(row * (len(view.rates) - 1) / (ROWS - 1)) for row in range(ROWS)}
    longest = _ceiling(view)
    for place in sorted(evenly | marks.keys()):
        loss = view.smoothed[place]
        bar = "█" * round(BAR * min(loss / longest, 1)) + ("…" if loss > longest else "")
        mark = f"  ← {marks[place]}" if place in marks else ""
        yield f"{view.rates[place]:10.2g} {loss:10.4g}  {bar}{mark}"


def nearest(view: RateView, rate: float) -> int:
    """The place of the rate nearest to ``rate`` in the curve."""
    return min(range(len(view.rates)), key=lambda place: abs(math.log(view.rates[place] / rate)))


def _ceiling(view: RateView) -> float:
    """The largest loss that is shown: well above the start it only tells that it blew up."""
    return min(max(view.smoothed), 1.25 * view.smoothed[0])


def _round_numbers(low: float, high: float) -> Iterator[float]:
    """Multiples of 1, 2 or 5 times a power of ten from one to the other; about four.

    >>> list(_round_numbers(0.08, 1.51))
    [0.5, 1.0, 1.5]
    """
    apart = (high - low) / 4 or 1.0
    unit = 10.0 ** math.floor(math.log10(apart))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= apart)
    return (number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1))


def draw(view: RateView) -> str:
    """The curve as one SVG document: the loss of every step, its smoothed course, and the rates that were read off."""
    chart = _Chart(view)
    dots = (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in chart.points(view.losses))
    course = " ".join(f"{x:.1f},{y:.1f}" for x, y in chart.points(view.smoothed))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#555555">',
        "<title>Loss by learning rate</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="26" font-size="16" font-weight="bold" fill="#111111">Learning rate {view.rate:g}</text>',
        f'<text x="{LEFT}" y="44">a tenth of {view.lowest:.2g}, where the smoothed loss was lowest; '
        f"{len(view.rates)} steps of batch {view.batch}</text>",
        *chart.grid(),
        f'<g fill="#9db8d9">{"".join(dots)}</g>',
        f'<polyline points="{course}" fill="none" stroke="#2f6fb5" stroke-width="2"/>',
        *chart.mark(view.lowest, "lowest", "#8a8f98"),
        *chart.mark(view.rate, "taken", "#c9791f"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Chart:
    """Places on the sheet: rates to the right by their logarithm, losses upwards."""

    def __init__(self, view: RateView) -> None:
        self._rates = view.rates
        self._first, self._last = math.log10(view.rates[0]), math.log10(view.rates[-1])
        self._top, self._bottom = _ceiling(view), min(view.losses)

    def points(self, losses: tuple[float, ...]) -> Iterator[tuple[float, float]]:
        """Where each loss is; those above the sheet lie on its edge."""
        for rate, loss in zip(self._rates, losses, strict=True):
            yield self._x(rate), self._y(min(loss, self._top))

    def grid(self) -> Iterator[str]:
        """Axes with their numbers: powers of ten below, round losses on the left."""
        floor = HEIGHT - BOTTOM
        for power in range(math.ceil(self._first - 1e-9), math.floor(self._last + 1e-9) + 1):
            x = self._x(10.0**power)
            yield f'<path d="M{x:.1f} {TOP}V{floor}" stroke="#eeeeee"/>'
            yield f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{10.0**power:g}</text>'
        for loss in _round_numbers(self._bottom, self._top):
            y = self._y(loss)
            yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#eeeeee"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{loss:.3g}</text>'
        yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 12}" text-anchor="middle">learning rate</text>'
        yield f'<text x="18" y="{HEIGHT / 2:g}" transform="rotate(-90 18 {HEIGHT / 2:g})">loss</text>'

    def mark(self, rate: float, word: str, colour: str) -> Iterator[str]:
        """A line at a rate, with a word on it."""
        x = self._x(rate)
        line = f"M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"
        yield f'<path d="{line}" stroke="{colour}" stroke-width="1.5" stroke-dasharray="5 3"/>'
        yield f'<text x="{x - 5:.1f}" y="{TOP + 12}" text-anchor="end" fill="{colour}">{word} {rate:.2g}</text>'

    def _x(self, rate: float) -> float:
        share = (math.log10(rate) - self._first) / (self._last - self._first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def _y(self, loss: float) -> float:
        share = (loss - self._bottom) / (self._top - self._bottom or 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
