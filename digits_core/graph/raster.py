"""A scene as PNG, drawn by Pillow; needs no further library and no fonts of the system."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from digits_core.graph.scene import Box, Curve, Point, Scene, Shape, Text, Tip

#: Pixels per unit of the scene, and how much finer they are drawn before they are averaged.
SCALE, FINER = 2, 2
#: Rows of the scene that are drawn at a time: finer pixels of a tall picture would not fit in memory.
_BAND = 400
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_SEGMENTS = 24
#: Signs that the font of Pillow does not have.
_MISSING = str.maketrans({"×": "x", "→": ">"})


def png(scene: Scene) -> bytes:
    """The picture as PNG, `SCALE` times the size of the scene."""
    width, height = round(scene.width * SCALE), round(scene.height * SCALE)
    whole = Image.new("RGB", (width, height), "#ffffff")
    for top in range(0, int(scene.height) + 1, _BAND):
        fine = Image.new("RGB", (width * FINER, _BAND * SCALE * FINER), "#ffffff")
        pen = _Pen(ImageDraw.Draw(fine), top)
        for shape in scene.shapes:
            pen.draw(shape)
        whole.paste(fine.reduce(FINER), (0, top * SCALE))
    target = io.BytesIO()
    whole.save(target, "PNG", optimize=True)
    return target.getvalue()


class _Pen:
    """Draws shapes on one band of a picture."""

    def __init__(self, band: ImageDraw.ImageDraw, top: float) -> None:
        self._band, self._top = band, top
        self._how: dict[type, Callable[..., None]] = {
            Box: self._box, Text: self._text, Curve: self._curve, Tip: self._tip
        }  # fmt: skip

    def draw(self, shape: Shape) -> None:
        self._how[type(shape)](shape)

    def _at(self, point: Point) -> Point:
        return (point[0] * SCALE * FINER, (point[1] - self._top) * SCALE * FINER)

    def _box(self, box: Box) -> None:
        corners = [self._at((box.x, box.y)), self._at((box.x + box.width, box.y + box.height))]
        if corners[1][1] < 0 or box.y > self._top + _BAND:
            return
        line = round(box.line * SCALE * FINER)
        self._band.rounded_rectangle(corners, box.radius * SCALE * FINER, box.fill, box.stroke, line)

    def _text(self, text: Text) -> None:
        if not self._top - 30 < text.y < self._top + _BAND + 30:
            return
        words = text.text.translate(_MISSING)
        font, place = _font(round(text.size * SCALE * FINER)), self._at((text.x, text.y))
        anchor = _ANCHORS[text.anchor]
        if text.halo:
            self._band.text(place, words, "#ffffff", font, anchor, stroke_width=5, stroke_fill="#ffffff")
        bold = round(text.size / 13) if text.bold else 0
        self._band.text(place, words, text.fill, font, anchor, stroke_width=bold, stroke_fill=text.fill)

    def _curve(self, curve: Curve) -> None:
        ys = [y for _, y in curve.points]
        if max(ys) < self._top or min(ys) > self._top + _BAND:
            return
        points = [self._at(point) for point in _flattened(curve.points)]
        self._band.line(points, curve.stroke, round(curve.line * SCALE * FINER), joint="curve")

    def _tip(self, tip: Tip) -> None:
        self._band.polygon([self._at(point) for point in tip.points], tip.fill)


def _flattened(points: tuple[Point, ...]) -> list[Point]:
    """A line of short straight pieces along cubic curves."""
    flat = [points[0]]
    for index in range(0, len(points) - 1, 3):
        a, b, c, d = points[index : index + 4]
        for step in range(1, _SEGMENTS + 1):
            t = step / _SEGMENTS
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            flat.append(
                (
                    sum(weight * point[0] for weight, point in zip(weights, (a, b, c, d), strict=True)),
                    sum(weight * point[1] for weight, point in zip(weights, (a, b, c, d), strict=True)),
                )
            )
    return flat


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
