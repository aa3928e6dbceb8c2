"""Which pictures of a source a dataset holds already: those of the same key and the same content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from digits_core.dataset.ingest import Ingest
from digits_core.dataset.opened import Dataset
from digits_core.dataset.pipeline import in_parts, usable_cpus
from digits_core.dataset.selection import Listing, Sample
from digits_core.dataset.sources import OpenedSource
from digits_core.spec.dataset import SPLITS, DatasetSpec


def without_repeats(base: Dataset, spec: DatasetSpec, opened: Sequence[OpenedSource]) -> list[Listing]:
    """What the sources list, but for what ``base`` holds in any split; only pictures of known keys are read.

    Args:
        base: The dataset.
        spec: The form that pictures are brought to.
        opened: The sources.
    """
    there = _hashes(base)
    ingest = Ingest(spec, [source.source for source in opened], len(base.manifest.labels))
    listings = []
    for number, source in enumerate(opened):
        items = source.listing.items
        alike = [place for place, item in enumerate(items) if item.key in there]
        repeated = _held(ingest, [Sample(number, items[place].key, 0) for place in alike], there)
        gone = {place for place, held in zip(alike, repeated, strict=True) if held}
        kept = [item for place, item in enumerate(items) if place not in gone]
        listings.append(replace(source.listing, items=kept))
    return listings


def _hashes(base: Dataset) -> dict[str, set[bytes]]:
    """The hashes of the pictures of each key; of one key there may be several."""
    hashes: dict[str, set[bytes]] = defaultdict(set)
    for split in SPLITS:
        reader = base.split(split)
        for key, row in zip(reader.keys().to_pylist(), reader.hashes(), strict=True):
            hashes[key].add(row.tobytes())
    return dict(hashes)


def _held(ingest: Ingest, samples: Sequence[Sample], there: dict[str, set[bytes]]) -> list[bool]:
    held = [False] * len(samples)

    def look(part: range) -> None:
        for at in part:
            held[at] = ingest.hash_of(samples[at]) in there[samples[at].key]

    in_parts(look, len(samples), usable_cpus())
    return held
