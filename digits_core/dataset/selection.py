"""Which picture lands in which split: limits, stratified shares, order. Words only; no picture is read.

The seed decides everything that is drawn; equal items and an equal request give an equal selection.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from digits_core.contracts.dataset_source import Item
from digits_core.errors import Problem, SourceInvalid
from digits_core.spec.dataset import SPLITS, ClassLimits, DatasetSpec, Split

_USUAL_VAL = 25.0
_SPLIT_FOLDERS = {"train", "training", "val", "valid", "validation", "test", "testing"}

#: Classes that a classifier needs.
FEWEST_CLASSES = 2


class Sample(NamedTuple):
    """A picture that was chosen.

    Attributes:
        source: Number of its source.
        key: How the source finds it.
        label: Its class number.
    """

    source: int
    key: str
    label: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source of the request listed.

    Attributes:
        items: Its pictures.
        classes: Its own order of classes, if it has one.
        split: The split that the request gives to all of it; empty for training sources.
    """

    items: Sequence[Item]
    classes: Sequence[str] | None = None
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The result.

    Attributes:
        labels: Names of the classes that stay.
        samples: Chosen pictures of each split, in their final order.
    """

    labels: tuple[str, ...]
    samples: dict[Split, list[Sample]]


#: Positions of pictures in the joined listings, by class.
_ByClass = dict[str, list[int]]


def select(spec: DatasetSpec, listings: Sequence[Listing], known: Sequence[str] = ()) -> Selection:
    """Distribute the pictures of ``listings`` as ``spec`` says.

    Training pictures: classes below the minimum are left out, classes above the maximum are cut, then every class gives
    its share to validation and test. Pictures that come with a split of their own, or from a separate source, go there
    under the limits of that split.

    Args:
        spec: The request.
        listings: What its sources listed.
        known: Classes that there are already, which keep their numbers; new ones come after them.

    Raises:
        SourceInvalid: If fewer than two classes remain, or a separate source has classes that training has not.
    """
    draw = np.random.Generator(np.random.Philox(key=np.array([spec.seed, 0], np.uint64)))
    pools = _pools(listings)
    kept = _enough(pools["train"], spec.limits)
    new = (name for name in _class_order(listings, pools["train"]) if name in kept and name not in known)
    labels = (*known, *new)
    _check_classes(spec, labels, pools)
    chosen = _distribute(spec, labels, pools, draw)
    ordered = {split: _ordered(chosen[split], spec.shuffle, draw) for split in SPLITS}
    return Selection(labels, _samples(listings, labels, ordered))


def _distribute(
    spec: DatasetSpec, labels: Sequence[str], pools: dict[Split, _ByClass], draw: np.random.Generator
) -> dict[Split, list[int]]:
    chosen: dict[Split, list[int]] = {split: [] for split in SPLITS}
    shares = _shares(spec, pools)
    for name in labels:
        positions = _limited(pools["train"].get(name, []), spec.limits, spec.shuffle, draw)
        for split, part in _stratify(positions, *shares).items():
            chosen[split] += part
    for split, limits in (("val", spec.val_limits), ("test", spec.test_limits)):
        fixed = _enough(pools[split], limits)
        for name in labels:
            chosen[split] += _limited(fixed.get(name, []), limits, spec.shuffle, draw)
    return chosen


def _samples(
    listings: Sequence[Listing], labels: Sequence[str], chosen: dict[Split, list[int]]
) -> dict[Split, list[Sample]]:
    items = [item for listing in listings for item in listing.items]
    sources = np.repeat(np.arange(len(listings)), [len(listing.items) for listing in listings]).tolist()
    number = {name: label for label, name in enumerate(labels)}
    return {
        split: [Sample(sources[p], items[p].key, number[items[p].label]) for p in positions]
        for split, positions in chosen.items()
    }


def _pools(listings: Sequence[Listing]) -> dict[Split, _ByClass]:
    pools: dict[Split, _ByClass] = {split: defaultdict(list) for split in SPLITS}
    position = 0
    for listing in listings:
        for item in listing.items:
            pools[listing.split or item.split or "train"][item.label].append(position)
            position += 1
    return {split: dict(pool) for split, pool in pools.items()}


def _class_order(listings: Sequence[Listing], pool: _ByClass) -> list[str]:
    own = [name for listing in listings if listing.split is None for name in listing.classes or ()]
    return [*dict.fromkeys(own), *sorted(pool.keys() - set(own))]


def _enough(pool: _ByClass, limits: ClassLimits) -> _ByClass:
    return {name: positions for name, positions in pool.items() if len(positions) >= limits.min_per_class}


def _check_classes(spec: DatasetSpec, labels: Sequence[str], pools: dict[Split, _ByClass]) -> None:
    found = pools["train"]
    problems = []
    if len(labels) < FEWEST_CLASSES:
        small = _some(f"{name} ({len(found[name])})" for name in sorted(found.keys() - set(labels)))
        reason = f"; below the minimum of {spec.limits.min_per_class}: {small}" if small else ""
        problems.append(
            Problem(
                f"Dataset {spec.name} expects at least {FEWEST_CLASSES} classes, found {len(labels)}{reason}.",
                ", ".join(map(str, spec.paths)),
                "Give one folder or label per class with enough pictures in each, or lower --min-per-class.",
            )
        )
    elif "train" in labels and {name.lower() for name in labels} <= _SPLIT_FOLDERS:
        problems.append(
            Problem(
                f"The folders {_some(labels)} look like splits, expected one folder per class.",
                ", ".join(map(str, spec.paths)),
                "Name the train folder as the path and give the others with --val-path and --test-path.",
            )
        )
    for split in ("val", "test"):
        unknown = sorted(pools[split].keys() - found.keys() - set(labels))
        if unknown:
            place = spec.val_path if split == "val" else spec.test_path
            problems.append(
                Problem(
                    f"The {split} pictures have classes without training pictures: {_some(unknown)}.",
                    str(place or ""),
                    "Rename or remove these classes, or add training pictures.",
                )
            )
    if problems:
        raise SourceInvalid(*problems)


def _some(names: Iterable[str], most: int = 10) -> str:
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def _shares(spec: DatasetSpec, pools: dict[Split, _ByClass]) -> tuple[float, float]:
    usual = 0.0 if pools["val"] or spec.val_path else _USUAL_VAL
    return usual if spec.val is None else spec.val, spec.test or 0.0


def _limited(positions: list[int], limits: ClassLimits, shuffle: bool, draw: np.random.Generator) -> list[int]:
    if shuffle:
        positions = [positions[i] for i in draw.permutation(len(positions)).tolist()]
    return positions[: limits.max_per_class]


def _stratify(positions: list[int], val: float, test: float) -> dict[Split, list[int]]:
    """Cut one class into train, val and test; halves are rounded up, and one picture at least is left to train on."""
    count = len(positions)
    test_count = min(int(count * test / 100 + 0.5), max(count - 1, 0))
    val_count = min(int(count * val / 100 + 0.5), max(count - 1 - test_count, 0))
    first = count - val_count - test_count
    return {
        "train": positions[:first],
        "val": positions[first : first + val_count],
        "test": positions[first + val_count :],
    }


def _ordered(positions: list[int], shuffle: bool, draw: np.random.Generator) -> list[int]:
    if not shuffle:
        return sorted(positions)
    return [positions[i] for i in draw.permutation(len(positions)).tolist()]
