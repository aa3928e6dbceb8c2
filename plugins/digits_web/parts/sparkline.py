"""Small drawings without axes: how a value went, how far something is."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui.element import Element

#: Width and height of the drawing's own coordinates.
WIDTH, HEIGHT = 100.0, 24.0


def polyline(values: Sequence[float]) -> str:
    """Corners of the line through ``values``, for the ``points`` of an SVG of `WIDTH` × `HEIGHT`.

    >>> polyline([0, 1])
    '0,24 100,0'
    """
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = WIDTH / (len(values) - 1)
    return " ".join(f"{n * step:.4g},{HEIGHT - (value - low) / span * HEIGHT:.4g}" for n, value in enumerate(values))


class Sparkline(Element):
    """A line of values.

    Args:
        label: What it shows, for readers who do not see it.
        values: From the oldest to the newest.
    """

    def __init__(self, label: str, values: Sequence[float] = ()) -> None:
        super().__init__("svg")
        self.classes("digits-spark")
        self.props["viewBox"] = f"0 0 {WIDTH:g} {HEIGHT:g}"
        self.props.update({"preserveAspectRatio": "none", "role": "img", "aria-label": label})
        with self:
            self._line = Element("polyline")
        self.show(values)

    def show(self, values: Sequence[float]) -> None:
        """Show other values."""
        points = polyline(values)
        if points != self._line.props.get("points"):
            self._line.props["points"] = points


class Bar(Element):
    """How much of something: a bar from 0 to 100 percent.

    Args:
        label: What it measures.
        percent: How much of it.
    """

    def __init__(self, label: str, percent: float = 0.0) -> None:
        super().__init__("div")
        self.classes("digits-bar")
        self.props.update({"role": "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100})
        with self:
            self._filled = Element("div")
        self.show(percent)

    def show(self, percent: float | None) -> None:
        """Show another share; None: nobody knows it, and the bar says that something is done."""
        if percent is None:
            self.classes("digits-unknown")
            self.props.pop("aria-valuenow", None)
            return
        self.classes(remove="digits-unknown")
        whole = round(min(max(percent, 0.0), 100.0), 1)
        if whole != self.props.get("aria-valuenow"):
            self.props["aria-valuenow"] = whole
            self._filled.style(f"--share: {whole}")
