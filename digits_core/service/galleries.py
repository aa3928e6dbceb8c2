"""Pages of pictures, and single ones, from datasets that many look at."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from digits_core.dataset.create import SKIPPED
from digits_core.dataset.gallery import find_pictures, png
from digits_core.dataset.manifest import MANIFEST, version_names
from digits_core.dataset.opened import Dataset, SplitReader, open_dataset
from digits_core.errors import NameUnknown, SpecInvalid, suggest
from digits_core.service.pictures import open_referred
from digits_core.service.views.datasets import GalleryView, PictureView, SkippedView
from digits_core.spec.dataset import SPLITS, Split, split_reference
from digits_core.store.home import Home

#: Splits that stay open: a page of pictures asks for each of them by itself.
_KEPT = 12


def gallery_page(
    home: Home, dataset: str, split: Split, label: str | None, query: str, page: int, count: int
) -> GalleryView:
    """One page of the pictures of a split; see `Digits.gallery`."""
    if page < 0 or count < 1:
        raise SpecInvalid(f"A gallery expects a page from 0 and a count from 1, found {page} and {count}.")
    opened, reader = _reader(home, dataset, split)
    labels = opened.manifest.labels
    places = find_pictures(reader, labels, label, query)
    shown = places[page * count : (page + 1) * count].tolist()
    items = tuple(
        PictureView(index=index, key=reader.key(index), label=labels[reader.labels[index]]) for index in shown
    )
    return GalleryView(
        dataset=opened.manifest.name,
        version=opened.manifest.version,
        split=split,
        total=len(places),
        page=page,
        pages=-(-len(places) // count),
        items=items,
    )


def picture_png(home: Home, dataset: str, split: Split, index: int, size: int | None) -> bytes:
    """One picture as PNG; see `Digits.picture`."""
    opened, reader = _reader(home, dataset, split)
    if not 0 <= index < len(reader):
        hint = f"Split {split} of {opened.manifest.reference} has {len(reader)} pictures, counted from 0."
        raise NameUnknown(f"There is no picture {index}.", hint=hint)
    if size is not None and size < 1:
        raise SpecInvalid(f"size expects 1 pixel or more, found {size}.", where="size")
    return png(reader.read(np.array([index]))[0], size)


def mean_png(home: Home, dataset: str) -> bytes:
    """The mean of the training pictures; see `Digits.mean_image`."""
    mean = open_referred(home, dataset).mean
    return png(np.rint(mean).clip(0, 255).astype(np.uint8))


def skipped_pictures(home: Home, dataset: str) -> tuple[SkippedView, ...]:
    """What could not be read; see `Digits.skipped`."""
    opened = open_referred(home, dataset)
    manifest, found = opened.manifest, _skipped_in(opened.folder / opened.manifest.version)
    # A parent of another name may be gone.
    while manifest.change and split_reference(manifest.change.parent)[0] == manifest.name:
        manifest = open_referred(home, manifest.change.parent).manifest
        found = [*_skipped_in(opened.folder / manifest.version), *found]
    return tuple(SkippedView(key=key, reason=reason) for key, reason in dict.fromkeys(found))


def _skipped_in(version: Path) -> list[tuple[str, str]]:
    """Keys and reasons of what could not be read when a version was made."""
    path = version / SKIPPED
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [(row["key"], row["reason"]) for row in csv.DictReader(lines)]


def _reader(home: Home, reference: str, split: Split) -> tuple[Dataset, SplitReader]:
    if split not in SPLITS:
        raise NameUnknown(f"Unknown split {split!r}.", hint=suggest(split, SPLITS))
    name, version = split_reference(reference)
    folder = home.dataset_folder(name)
    names = version_names(folder)
    if not names or (version or names[-1]) not in names:
        open_referred(home, reference)  # It says what there is instead.
    # A dataset that was made anew under the same name has another manifest.
    return _opened(folder, version or names[-1], (folder / MANIFEST).stat().st_mtime_ns, split)


@lru_cache(_KEPT)
def _opened(folder: Path, version: str, made_ns: int, split: Split) -> tuple[Dataset, SplitReader]:
    opened = open_dataset(folder, version)
    return opened, opened.split(split)
