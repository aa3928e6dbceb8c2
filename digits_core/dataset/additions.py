"""What a version gets that was not in it: pictures of sources, or of another dataset. New labels come after the old."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset.content import Content, SplitContent
from digits_core.dataset.create import with_absolute_paths
from digits_core.dataset.ingest import Ingest, StoredSplit
from digits_core.dataset.opened import Dataset, SplitReader
from digits_core.dataset.repeats import without_repeats
from digits_core.dataset.selection import select
from digits_core.dataset.shards import open_shard
from digits_core.dataset.sources import open_sources
from digits_core.dataset.workshop import Edited, Workshop, pictures
from digits_core.errors import Problem, SourceInvalid, SpecInvalid, require
from digits_core.hooks.registry import Registry
from digits_core.spec.change import Append, Merge
from digits_core.spec.dataset import SPLITS, Split


def append(shop: Workshop, request: Append, sources: Registry[DatasetSource]) -> Edited:
    """Add pictures from folders, lists or other sources, but for those of the same key and content that are there.

    Raises:
        SpecInvalid: If all of them are there already.
        SourceInvalid: If there are none that can be read.
    """
    spec = with_absolute_paths(request.as_dataset(shop.base.manifest.spec))
    opened = open_sources(spec, sources)
    listings = without_repeats(shop.base, spec, opened)
    known = sum(len(source.listing.items) for source in opened) - sum(len(listing.items) for listing in listings)
    if not any(listing.items for listing in listings):
        message = f"Nothing to add: {_here(known)} in dataset {shop.base.manifest.reference} already."
        raise SpecInvalid(message, hint="No version was made.")
    selection = select(spec, listings, shop.content.labels)
    samples = selection.samples
    if request.split:
        together = [sample for split in SPLITS for sample in samples[split]]
        samples = {split: together if split == request.split else [] for split in SPLITS}
    shop.progress.start(sum(map(len, samples.values())), f"Adding to dataset {shop.base.manifest.name}")
    ingest = Ingest(spec, [source.source for source in opened], len(selection.labels))
    stored = {split: ingest.store(split, samples[split], shop.folder, shop.progress) for split in SPLITS}
    splits = {split: shop.content.splits[split].joined(_new(stored[split], shop.base, shop.folder)) for split in SPLITS}
    skipped = tuple(skip for split in SPLITS for skip in stored[split].skipped)
    added = {split: stored[split].samples for split in SPLITS}
    here = f"; {_here(known)} here already" if known else ""
    if not sum(added.values()):
        raise SourceInvalid(
            f"None of the {len(skipped)} pictures can be read; the first, {skipped[0].key}: {skipped[0].reason}.",
            hint="Check that the files are pictures and that they are there.",
        )
    new = selection.labels[len(shop.content.labels) :]
    total = shop.content.total + stored["train"].total
    return Edited(Content(selection.labels, splits, total), _added(added, new) + here, skipped=skipped)


def merge(shop: Workshop, request: Merge, other: Dataset) -> Edited:
    """Add the pictures of another dataset, each to its split.

    Raises:
        SpecInvalid: If the two keep pictures in different forms.
    """
    require(differences(shop.base, other), SpecInvalid)
    there = Content.of(other)
    new = tuple(name for name in there.labels if name not in shop.content.labels)
    labels = (*shop.content.labels, *new)
    numbers = np.array([labels.index(name) for name in there.labels], np.int32)
    splits = {}
    for split in SPLITS:
        part = there.splits[split]
        splits[split] = shop.content.splits[split].joined(part.labelled(numbers[part.chosen.labels]))
    added = {split: len(there.splits[split].chosen.rows) for split in SPLITS}
    content = Content(labels, splits, shop.content.total + there.total)
    return Edited(content, _added(added, new, f" of {other.manifest.reference}"))


def _new(stored: StoredSplit, base: Dataset, folder: Path) -> SplitContent:
    """What `Ingest` wrote into ``folder``."""
    files = tuple((folder / file.file, file) for file in stored.files)
    shards = [open_shard(path, base.manifest.encoding, base.manifest.size) for path, _ in files]
    return SplitContent(files, SplitReader(shards, base.manifest.size).chosen())


def differences(base: Dataset, other: Dataset) -> list[Problem]:
    """Why the pictures of one dataset cannot join those of another: they are kept in different forms."""
    ours, theirs = base.manifest, other.manifest
    forms = {
        "size": (ours.size, theirs.size),
        "encoding": (ours.encoding, theirs.encoding),
        "resize": (ours.spec.resize, theirs.spec.resize),
    }
    return [
        Problem(
            f"Dataset {theirs.reference} expects {what} {a} as {ours.reference} has it, found {b}.",
            hint="Create it again in that form, or append its pictures from their folder.",
        )
        for what, (a, b) in forms.items()
        if a != b
    ]


def _here(count: int) -> str:
    return f"{count:,} {pictures(count)} {'is' if count == 1 else 'are'}"


def _added(added: Mapping[Split, int], new: tuple[str, ...], source: str = "") -> str:
    parts = ", ".join(f"{count:,} {split}" for split, count in added.items() if count)
    classes = f", new classes {', '.join(new)}" if new else ""
    return f"{parts} {pictures(sum(added.values()))}{source} added{classes}"
