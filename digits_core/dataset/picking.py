"""Which pictures of a dataset are meant: by key or pattern."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from digits_core.dataset.opened import Dataset, SplitReader
from digits_core.errors import Problem, SpecInvalid, require
from digits_core.spec.change import PictureReference
from digits_core.spec.dataset import SPLITS, Split

#: Of many wrong keys so many are told.
TOLD = 10
_WILD = re.compile(r"[*?\[]")

#: For each split the places of pictures that are meant, and by what each was meant.
Picked = dict[Split, dict[int, PictureReference]]


def pick(dataset: Dataset, references: Sequence[PictureReference]) -> Picked:
    """The pictures that ``references`` mean.

    Raises:
        SpecInvalid: If some mean no picture, or give one picture two classes; names them.
    """
    wanted: dict[str, list[PictureReference]] = defaultdict(list)
    references = [_in_its_split(dataset, reference) for reference in references]
    for reference in references:
        wanted[reference.key].append(reference)
    met: set[PictureReference] = set()
    torn: dict[str, str] = {}
    picked: Picked = {}
    for split in SPLITS:
        picked[split] = {}
        reader = dataset.split(split)
        for place, reference in _matches(reader, split, wanted):
            met.add(reference)
            earlier = picked[split].get(place)
            if earlier is not None and earlier.to and reference.to and earlier.to != reference.to:
                torn[f"{split}/{reference.key}"] = f"{earlier.to} and {reference.to}"
            if earlier is None or not earlier.to:
                picked[split][place] = reference
    unmet = list(dict.fromkeys(reference for reference in references if reference not in met))
    hint = "Name each picture once, or with its hash."
    conflicts = (Problem(f"Picture {key} is to be {both}.", hint=hint) for key, both in list(torn.items())[:TOLD])
    require([*_unmet(dataset, unmet), *conflicts], SpecInvalid)
    return picked


def in_its_split(dataset: Dataset, key: str) -> tuple[Split | None, str]:
    """Split and key of what ``key`` means: it may come after its split, as in ``val/cat/01.png``.

    A dataset whose own keys begin with the name of a split means these.
    """
    word, _, rest = key.partition("/")
    split = next((split for split in SPLITS if split == word), None)
    if split is None or not rest:
        return None, key
    own = any(pc.any(pc.starts_with(dataset.split(part).keys(), f"{word}/")).as_py() for part in SPLITS)
    return (None, key) if own else (split, rest)


def keys_like(reader: SplitReader, pattern: str) -> np.ndarray:
    """Places of the pictures whose key is ``pattern`` or matches it, as file names are matched; int64 ``[N]``."""
    keys = reader.keys()
    exact = np.flatnonzero(pc.equal(keys, pattern).to_numpy(zero_copy_only=False))
    if len(exact) or not _WILD.search(pattern):
        return exact
    matches = re.compile(fnmatch.translate(pattern)).match
    return np.array([place for place, key in enumerate(keys.to_pylist()) if matches(key)], np.int64)


def _in_its_split(dataset: Dataset, reference: PictureReference) -> PictureReference:
    split, key = in_its_split(dataset, reference.key)
    if split is None or reference.split not in (None, split):
        return reference
    return reference.model_copy(update={"split": split, "key": key})


def _matches(
    reader: SplitReader, split: Split, wanted: dict[str, list[PictureReference]]
) -> Iterator[tuple[int, PictureReference]]:
    keys = reader.keys()
    found = pc.index_in(keys, value_set=pa.array(list(wanted), pa.string()))
    places = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
    hashes = reader.hashes() if any(item.hash for items in wanted.values() for item in items) else None
    for place in places.tolist():
        for item in wanted[keys[place].as_py()]:
            if item.split in (None, split) and (
                not item.hash or (hashes is not None and hashes[place].tobytes().hex() == item.hash)
            ):
                yield place, item
    exact = set(pc.unique(keys.take(pa.array(places))).to_pylist())
    for pattern in (key for key in wanted if key not in exact and _WILD.search(key)):
        for place in keys_like(reader, pattern).tolist():
            yield from ((place, item) for item in wanted[pattern] if item.split in (None, split))


def _unmet(dataset: Dataset, unmet: Sequence[PictureReference]) -> list[Problem]:
    if not unmet:
        return []
    names = [f"{item.split}/{item.key}" if item.split else item.key for item in unmet[:TOLD]]
    more = f" and {len(unmet) - TOLD} more" if len(unmet) > TOLD else ""
    reference = dataset.manifest.reference
    hint = f"digits dataset show {reference} --keys prints them all; patterns such as 'cat/*' are understood."
    return [Problem(f"Dataset {reference} has no picture {', '.join(names)}{more}.", hint=hint)]
