"""The confusion matrix as a picture: a row for each true class, a column for what its pictures were taken for."""

from __future__ import annotations

import io
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from digits_core.service.views.evaluation import EvaluationView

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

#: Pixels of a matrix of few classes, and the most that one of many may have.
_SIDE, _MOST_SIDE = 720, 3600
#: Pixels of a cell: at most; at least, so that its label can be read; and from which its count is written into it.
_LARGEST, _LABELLED, _COUNTED = 64, 12, 26
_LONGEST_LABEL, _EDGE, _TITLE = 170, 24, 56
_RIGHT, _WRONG, _NONE = (31, 95, 165), (214, 84, 22), (240, 240, 240)
_INK, _FAINT, _LINE = (30, 30, 30), (110, 110, 110), (232, 232, 232)


def confusion_png(view: EvaluationView) -> bytes:
    """The matrix as PNG: right guesses in blue, wrong ones in orange, each by its share of the row.

    Wrong ones are coloured by the root of their share, so that rare mistakes are seen too. Every class is labelled as
    long as its label can be read, up to 300; of more, every second, third and so on.
    """
    matrix = np.array(view.confusion, np.int64)
    count = len(matrix)
    cell = max(1, _MOST_SIDE // count) if count * _LABELLED > _MOST_SIDE else _cell(count)
    font = _font(max(10, min(13, cell - 2)))
    labels = [_shortened(label, font) for label in view.labels]
    margin = round(max(font.getlength(label) for label in labels)) + 2 * _EDGE
    side = cell * count
    sheet = Image.new("RGB", (max(margin + side + _EDGE, 420), _TITLE + side + margin + _EDGE), "white")
    grid = Image.fromarray(_colours(matrix)).resize((side, side), Image.Resampling.NEAREST)
    sheet.paste(grid, (margin, _TITLE))
    pen = ImageDraw.Draw(sheet)
    _draw_lines(pen, count, cell, margin)
    if cell >= _COUNTED:
        _draw_counts(pen, matrix, cell, margin)
    _draw_labels(sheet, labels, cell, margin, font)
    _draw_words(sheet, view, margin, side)
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    return stream.getvalue()


def _cell(count: int) -> int:
    return max(_LABELLED, min(_LARGEST, _SIDE // count))


def _shares(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return shares


def _colours(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """RGB ``[n, n, 3]``; rows of classes without pictures are gray."""
    shares = _shares(matrix)
    right = np.eye(len(matrix), dtype=bool)
    depth = np.where(right, shares, np.sqrt(shares))[:, :, None]
    full = np.where(right[:, :, None], _RIGHT, _WRONG)
    colours = 255 + depth * (full - 255.0)
    colours[matrix.sum(axis=1) == 0] = _NONE
    return colours.round().astype(np.uint8)


def _draw_lines(pen: ImageDraw.ImageDraw, count: int, cell: int, margin: int) -> None:
    """Between cells where there is room, and after every tenth class where there are many."""
    side = cell * count
    for place in range(count + 1):
        tenth = count > 20 and place % 10 == 0
        if cell >= _LABELLED or tenth or place in (0, count):
            at, colour = place * cell, _FAINT if tenth or place in (0, count) else _LINE
            pen.line((margin + at, _TITLE, margin + at, _TITLE + side), colour)
            pen.line((margin, _TITLE + at, margin + side, _TITLE + at), colour)


def _draw_counts(pen: ImageDraw.ImageDraw, matrix: npt.NDArray[np.int64], cell: int, margin: int) -> None:
    shares = _shares(matrix)
    for row, column in np.argwhere(matrix).tolist():
        text = f"{matrix[row, column]:,}"
        font = _font(max(7, min(13, int(1.6 * cell / max(len(text), 3)))))
        dark = shares[row, column] > (0.5 if row == column else 0.35)
        middle = (margin + (column + 0.5) * cell, _TITLE + (row + 0.5) * cell)
        pen.text(middle, text, "white" if dark else _INK, font, "mm")


def _draw_labels(sheet: Image.Image, labels: list[str], cell: int, margin: int, font: Font) -> None:
    pen, every = ImageDraw.Draw(sheet), -(-_LABELLED // cell)
    below = _TITLE + cell * len(labels)
    for place in range(0, len(labels), every):
        middle = round((place + 0.5) * cell)
        pen.text((margin - 6, _TITLE + middle), labels[place], _INK, font, "rm")
        upright = _turned(labels[place], font)
        sheet.paste(_INK, (margin + middle - upright.width // 2, below + 6), upright)


def _draw_words(sheet: Image.Image, view: EvaluationView, margin: int, side: int) -> None:
    pen, small = ImageDraw.Draw(sheet), _font(12)
    low, high = view.accuracy_interval
    pen.text((_EDGE, 10), f"{view.model} on {view.subject}", _INK, _font(16))
    told = f"{view.samples:,} pictures, accuracy {100 * view.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f} %)"
    pen.text((_EDGE, 32), told, _FAINT, small)
    pen.text((margin, sheet.height - _EDGE), "taken for", _FAINT, small)
    true = _turned("true class", small)
    sheet.paste(_FAINT, (4, _TITLE + max(0, side - true.height)), true)


def _turned(text: str, font: Font) -> Image.Image:
    """Text that runs upwards, as a mask: its ground covers no neighbour."""
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    flat = Image.new("L", (right - min(left, 0) + 2, bottom - min(top, 0) + 2))
    ImageDraw.Draw(flat).text((0, 0), text, 255, font)
    return flat.rotate(90, expand=True)


def _shortened(text: str, font: Font) -> str:
    if font.getlength(text) <= _LONGEST_LABEL:
        return text
    while text and font.getlength(text + "…") > _LONGEST_LABEL:
        text = text[:-1]
    return text + "…"


@cache
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
