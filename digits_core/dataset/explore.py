"""Looking at a dataset: pages of its pictures with their class names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digits_core.dataset.opened import SplitReader
from digits_core.errors import NameUnknown, SpecInvalid, suggest

_GAP = 6
_CAPTION = 14
_SMALLEST, _LARGEST = 56, 256
_GROUND, _INK = (255, 255, 255), (30, 30, 30)


def contact_sheet(
    reader: SplitReader,
    labels: Sequence[str],
    *,
    count: int = 36,
    page: int = 0,
    label: str | None = None,
    columns: int | None = None,
) -> Image.Image:
    """One page of the pictures of a split, each above the name of its class.

    Args:
        reader: The split.
        labels: Names of the classes.
        count: Pictures on a page.
        page: Which page, from 0.
        label: Show this class only.
        columns: Pictures side by side; empty makes the page about square.

    Returns:
        An RGB picture; small pictures are enlarged by whole factors, large ones reduced.

    Raises:
        NameUnknown: If there is no such class.
        SpecInvalid: If the page is beyond the last one, or has no room for a picture.
    """
    indices = _page(_matching(reader, labels, label), count, page)
    width, height = _cell(reader)
    columns = columns or max(1, int(np.ceil(np.sqrt(len(indices)))))
    rows = -(-len(indices) // columns)
    sheet = Image.new("RGB", (_GAP + columns * (width + _GAP), _GAP + rows * (height + _CAPTION + _GAP)), _GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=11)
    for place, (index, pixels) in enumerate(zip(indices.tolist(), reader.read(indices), strict=True)):
        left = _GAP + place % columns * (width + _GAP)
        top = _GAP + place // columns * (height + _CAPTION + _GAP)
        sheet.paste(_thumbnail(pixels, width, height), (left, top))
        caption = _shortened(labels[reader.labels[index]], width, font)
        draw.text((left, top + height + 1), caption, fill=_INK, font=font)
    return sheet


def _matching(reader: SplitReader, labels: Sequence[str], label: str | None) -> np.ndarray:
    if label is None:
        return np.arange(len(reader))
    if label not in labels:
        raise NameUnknown(f"Unknown class {label!r}.", hint=suggest(label, labels))
    return np.flatnonzero(reader.labels == list(labels).index(label))


def _page(indices: np.ndarray, count: int, page: int) -> np.ndarray:
    pages = -(-len(indices) // count) if count > 0 else 0
    if not 0 <= page < pages:
        raise SpecInvalid(
            f"Exploring expects a page of 0 to {pages - 1}, found {page}."
            if pages
            else "There are no pictures to show here.",
            where="page",
            hint="Choose another page, class or split.",
        )
    return indices[page * count : (page + 1) * count]


def _cell(reader: SplitReader) -> tuple[int, int]:
    height, width, _ = reader.shape
    longest = max(height, width)
    if longest < _SMALLEST:
        factor = float(-(-_SMALLEST // longest))
    else:
        factor = min(1.0, _LARGEST / longest)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _thumbnail(pixels: np.ndarray, width: int, height: int) -> Image.Image:
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    larger = width > image.width
    return image.resize((width, height), Image.Resampling.NEAREST if larger else Image.Resampling.BILINEAR)


def _shortened(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
