"""A picture as shapes in drawing order, and the same as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

Anchor: TypeAlias = Literal["start", "middle", "end"]
Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners; ``title`` is told by browsers where the pointer rests."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str
    line: float = 1.3
    radius: float = 6
    title: str = ""

    def svg(self) -> str:
        """The box as an element."""
        rect = (
            f'<rect x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}" rx="{self.radius:g}" '
            f'fill="{self.fill}" stroke="{self.stroke}" stroke-width="{self.line:g}"/>'
        )
        return f"<g><title>{escape(self.title)}</title>{rect}</g>" if self.title else rect


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; ``halo`` keeps it readable where a curve passes behind it."""

    x: float
    y: float
    text: str
    size: float
    fill: str = "#111111"
    bold: bool = False
    anchor: Anchor = "middle"
    halo: bool = False

    def svg(self) -> str:
        """The text as an element."""
        weight = ' font-weight="bold"' if self.bold else ""
        halo = ' paint-order="stroke" stroke="#ffffff" stroke-width="3"' if self.halo else ""
        return (
            f'<text x="{self.x:g}" y="{self.y:g}" font-size="{self.size:g}"{weight} fill={quoteattr(self.fill)} '
            f'text-anchor="{self.anchor}"{halo}>{escape(self.text)}</text>'
        )


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through cubic curves: its start, then two control points and an end for each."""

    points: tuple[Point, ...]
    stroke: str = "#8a8f98"
    line: float = 1.4

    def svg(self) -> str:
        """The curve as an element."""
        (x, y), *rest = self.points
        path = f"M{x:g} {y:g} C" + " ".join(f"{x:g} {y:g}" for x, y in rest)
        return f'<path d="{path}" fill="none" stroke="{self.stroke}" stroke-width="{self.line:g}"/>'


@dataclass(frozen=True, slots=True)
class Tip:
    """The tip of an arrow that points down to a place."""

    x: float
    y: float
    fill: str = "#8a8f98"

    @property
    def points(self) -> tuple[Point, ...]:
        """Its corners."""
        return ((self.x - 4, self.y - 7), (self.x, self.y), (self.x + 4, self.y - 7))

    def svg(self) -> str:
        """The tip as an element."""
        corners = " ".join(f"{x:g},{y:g}" for x, y in self.points)
        return f'<polygon points="{corners}" fill="{self.fill}"/>'


Shape: TypeAlias = Box | Text | Curve | Tip


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture.

    Attributes:
        title: What it shows.
        width: Its width in pixels.
        height: Its height in pixels.
        shapes: What is drawn, from the back to the front.
    """

    title: str
    width: float
    height: float
    shapes: tuple[Shape, ...]

    def svg(self) -> str:
        """The picture as one SVG document on white."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{self.width:g}" height="{self.height:g}" fill="#ffffff"/>',
            *(shape.svg() for shape in self.shapes),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"
