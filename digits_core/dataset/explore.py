"""Looking at a dataset: pages of its pictures with their class names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digits_core.dataset.augment.recipe import Recipe
from digits_core.dataset.draws import Positions
from digits_core.dataset.opened import SplitReader
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.sampler import Indices, Sampler
from digits_core.errors import NameUnknown, SpecInvalid, suggest

_GAP = 6
_CAPTION = 14
_HEADING = 18
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
    indices = _page(matching(reader, labels, label), count, page)
    columns = columns or max(1, int(np.ceil(np.sqrt(len(indices)))))
    captions = [labels[number] for number in reader.labels[indices].tolist()]
    return sheet(zip(reader.read(indices), captions, strict=True), len(indices), columns, reader.shape)


def augmented_sheet(
    reader: SplitReader,
    labels: Sequence[str],
    recipe: Recipe,
    sampler: Sampler,
    *,
    count: int = 6,
    page: int = 0,
    label: str | None = None,
    epochs: int = 5,
) -> Image.Image:
    """One page of training pictures, each beside what its first epochs make of it.

    Args:
        reader: The training split.
        labels: Names of the classes.
        recipe: What training makes of a picture.
        sampler: The order in which training sees them.
        count: Pictures on a page.
        page: Which page, from 0.
        label: Show this class only.
        epochs: How many epochs to show.

    Returns:
        An RGB picture with a row for each.

    Raises:
        NameUnknown: If there is no such class.
        SpecInvalid: If the page is beyond the last one, or has no room for a picture.
    """
    indices = _page(matching(reader, labels, label), count, page)
    positions = np.stack([_positions(sampler, indices, epoch) for epoch in range(epochs)], axis=1)

    def cells() -> Iterator[tuple[Pixels, str]]:
        for index, picture, row in zip(indices.tolist(), reader.read(indices), positions, strict=True):
            yield picture, labels[reader.labels[index]]
            for epoch, chance in enumerate(recipe.draw(row)):
                yield recipe.make(picture, chance), f"epoch {epoch + 1}"

    return sheet(cells(), len(indices) * (epochs + 1), epochs + 1, reader.shape)


def _positions(sampler: Sampler, indices: Indices, epoch: int) -> Positions:
    """Where in the stream ``epoch`` has samples ``indices``."""
    whole = Sampler(sampler.count, sampler.count, sampler.seed, sampler.shuffle).indices(epoch)
    return (epoch * sampler.count + np.argsort(whole)[indices]).astype(np.uint64)


def sheet(
    cells: Iterable[tuple[Pixels, str]],
    count: int,
    columns: int,
    largest: tuple[int, int, int],
    headings: Sequence[str] = (),
    lines: int = 1,
) -> Image.Image:
    """Pictures in rows, each above its caption.

    Args:
        cells: Pictures with their captions, row by row.
        count: How many there are.
        columns: Pictures side by side.
        largest: The size that none of them exceeds.
        headings: What stands above each row; empty: nothing.
        lines: Lines of a caption.

    Returns:
        An RGB picture; small pictures are enlarged by whole factors, large ones reduced.
    """
    factor = _factor(*largest[:2])
    width, height = _scaled(largest, factor)
    above = _HEADING if headings else 0
    row_height = above + height + lines * _CAPTION + _GAP
    page = Image.new("RGB", (_GAP + columns * (width + _GAP), _GAP + -(-count // columns) * row_height), _GROUND)
    draw = ImageDraw.Draw(page)
    font, bold = ImageFont.load_default(size=11), ImageFont.load_default(size=13)
    for row, heading in enumerate(headings):
        words = _shortened(heading, page.width - 2 * _GAP, bold)
        draw.text((_GAP, _GAP + row * row_height), words, fill=_INK, font=bold)
    for place, (pixels, caption) in enumerate(cells):
        left = _GAP + place % columns * (width + _GAP)
        top = _GAP + place // columns * row_height + above
        page.paste(_thumbnail(pixels, *_scaled(pixels.shape, factor)), (left, top))
        for line, words in enumerate(caption.split("\n")[:lines]):
            draw.text((left, top + height + 1 + line * _CAPTION), _shortened(words, width, font), fill=_INK, font=font)
    return page


def matching(reader: SplitReader, labels: Sequence[str], label: str | None) -> Indices:
    """Places of the pictures of a class, or of all; int64 ``[N]``.

    Raises:
        NameUnknown: If there is no such class.
    """
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


def _factor(height: int, width: int) -> float:
    longest = max(height, width)
    return float(-(-_SMALLEST // longest)) if longest < _SMALLEST else min(1.0, _LARGEST / longest)


def _scaled(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    """Width and height of a thumbnail."""
    return max(1, round(shape[1] * factor)), max(1, round(shape[0] * factor))


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
