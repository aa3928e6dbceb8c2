"""Contact sheets of what a model found in a dataset."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL.Image import Image

from digits_core.dataset.explore import sheet
from digits_core.dataset.opened import Dataset
from digits_core.dataset.pictures import Pixels
from digits_core.inference.model import load_model
from digits_core.service.mining import read_picture
from digits_core.service.pictures import open_referred
from digits_core.service.views.mining import ErrorsView, FindingView, SimilarView
from digits_core.store.home import Home

COLUMNS = 8
#: Rows of a sheet for each reason.
ROWS = 3
TITLES = {
    "label": "Likely wrong labels: row, given > suggested",
    "mistake": "Confident mistakes: row, label > prediction",
    "duplicate": "In two splits: row, label, likeness",
    "unsure": "Unsure: row, label, lead of the first guess",
}

Cell = tuple[Pixels, str]


def errors_sheet(home: Home, found: ErrorsView) -> Image | None:
    """The first findings of each reason in rows; None where nothing was found."""
    dataset = open_referred(home, f"{found.dataset}@{found.version}")
    cells: list[Cell] = []
    headings: list[str] = []
    numbered = enumerate(found.findings, 1)
    for reason, group in itertools.groupby(numbered, key=lambda numbered: numbered[1].reason):
        own = list(itertools.islice(_cells(dataset, group), COLUMNS * ROWS))
        rows = -(-len(own) // COLUMNS)
        blank = np.full_like(own[0][0], 255)
        cells += own + [(blank, "")] * (rows * COLUMNS - len(own))
        headings += [TITLES[reason], *[""] * (rows - 1)]
    return sheet(cells, len(cells), COLUMNS, dataset.manifest.size, headings, lines=2) if cells else None


def similar_sheet(home: Home, found: SimilarView) -> Image:
    """The picture that was looked for, and then those that were found."""
    dataset = open_referred(home, f"{found.dataset}@{found.version}")
    asked = read_picture(load_model(home, found.model), Path(found.image))
    reader = dataset.split(found.neighbours[0].split)  # type: ignore[arg-type]
    cells: list[Cell] = [(asked, Path(found.image).name)]
    for item in found.neighbours:
        cells.append((reader.read(np.array([item.index]))[0], f"{item.similarity:.3f} {item.label}"))
    return sheet(cells, len(cells), max(1, round(len(cells) ** 0.5)), dataset.manifest.size)


def _cells(dataset: Dataset, findings: Iterator[tuple[int, FindingView]]) -> Iterator[Cell]:
    for row, item in findings:
        reader = dataset.split(item.split)  # type: ignore[arg-type]
        yield reader.read(np.array([item.index]))[0], f"{row} {_caption(item)}"


def _caption(item: FindingView) -> str:
    match item.reason:
        case "label":
            return f"{item.label}\n> {item.to}"
        case "mistake":
            return f"{item.label}\n> {item.predicted} {item.probability:.0%}"
        case "duplicate":
            return f"{item.label}\n{item.likeness:.3f}"
        case _:
            return f"{item.label}\n{item.margin:.0%}"
