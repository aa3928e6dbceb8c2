"""What becomes of the pictures that a version holds: relabel, exclude, select. Labels keep their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from digits_core.dataset.content import Content, SplitContent
from digits_core.dataset.picking import in_its_split, keys_like, pick
from digits_core.dataset.sampler import Indices
from digits_core.dataset.workshop import Changed, Edited, Workshop, pictures
from digits_core.errors import NameUnknown, Problem, SpecInvalid, require, suggest
from digits_core.spec.change import Exclude, Relabel, Select
from digits_core.spec.dataset import SPLITS, Split


def relabel(shop: Workshop, request: Relabel) -> Edited:
    """Give pictures other classes.

    Raises:
        SpecInvalid: If some of them are not there, or a class for them is missing.
        NameUnknown: If a class that is to be renamed is not there.
    """
    require(_without_class(request), SpecInvalid)
    _require_classes(shop, request.classes)
    names, numbers = _renamed(shop.content.labels, request.classes)
    picked = pick(shop.base, request.pictures)
    wanted = {item.to for items in picked.values() for item in items.values()}
    names += [name for name in dict.fromkeys(item.to for item in request.pictures) if name in wanted - set(names)]
    splits: dict[Split, SplitContent] = {}
    for split in SPLITS:
        labels = numbers.astype(np.int32)[shop.content.splits[split].chosen.labels]
        for place, item in picked[split].items():
            labels[place] = names.index(item.to)
        splits[split] = shop.content.splits[split].labelled(labels)
    content = replace(shop.content, labels=tuple(names), splits=splits)
    changed = _relabelled(shop, content)
    words = [f"{len(changed):,} {pictures(len(changed))} relabelled"]
    words += [f"class {old} is called {new}" for old, new in request.classes.items() if old not in names]
    new = [name for name in names if name in wanted and name not in shop.content.labels]
    words += [f"new classes {', '.join(new)}"] if new else []
    return Edited(content, "; ".join(words), changed)


def exclude(shop: Workshop, request: Exclude) -> Edited:
    """Leave pictures out.

    Raises:
        SpecInvalid: If some of them are not there.
        NameUnknown: If a class is not there.
    """
    _require_classes(shop, request.classes)
    picked = pick(shop.base, request.pictures)
    gone = [number for number, name in enumerate(shop.content.labels) if name in request.classes]
    kept: dict[Split, Indices] = {}
    for split in SPLITS:
        labels = shop.content.splits[split].chosen.labels
        stays = ~np.isin(labels, gone)
        stays[list(picked[split])] = False
        kept[split] = np.flatnonzero(stays | (split not in (request.splits or SPLITS)))
    return _kept(shop, kept, "left out")


def select_some(shop: Workshop, request: Select) -> Edited:
    """Keep some pictures, and the classes that have any; without a condition everything, as it is.

    Raises:
        NameUnknown: If a class is not there.
    """
    if request.model_copy(update={"seed": 0}) == Select():
        return Edited(shop.content, "nothing changed")
    _require_classes(shop, request.classes)
    kept = {split: _selected(shop, request, split) for split in SPLITS}
    edited = _kept(shop, kept, "not selected")
    counts = sum((edited.content.counts(split) for split in SPLITS), np.zeros(len(shop.content.labels), np.int64))
    stay = np.flatnonzero(counts)
    numbers = np.cumsum(counts > 0).astype(np.int32) - 1
    splits = {split: part.labelled(numbers[part.chosen.labels]) for split, part in edited.content.splits.items()}
    labels = tuple(shop.content.labels[number] for number in stay.tolist())
    return replace(edited, content=replace(edited.content, labels=labels, splits=splits))


def _renamed(labels: tuple[str, ...], classes: Mapping[str, str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The names of the classes, and the new number of each old one.

    Raises:
        SpecInvalid: If a name is left for two classes.
    """
    taken = {name: number for number, name in enumerate(labels) if name not in classes}
    names = list(labels)
    for number, name in enumerate(labels):
        if name in classes and classes[name] not in taken:
            names[number] = classes[name]
            taken[classes[name]] = number
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise SpecInvalid(f"Two classes would be called {', '.join(doubled)}.", hint="Rename them one after the other.")
    return names, np.array([taken[classes.get(name, name)] for name in labels], np.int64)


def _without_class(request: Relabel) -> list[Problem]:
    missing = [item.key for item in request.pictures if not item.to]
    if not missing and (request.pictures or request.classes):
        return []
    named = f" for {', '.join(missing[:10])}" if missing else ""
    return [Problem(f"relabel expects a class for every picture, found none{named}.", hint="Write KEY=CLASS.")]


def _relabelled(shop: Workshop, content: Content) -> tuple[Changed, ...]:
    changed = []
    for split in SPLITS:
        before, after = shop.content.splits[split].chosen.labels, content.splits[split].chosen.labels
        keys = shop.base.split(split).keys()
        old = np.array(shop.content.labels, object)[before]
        new = np.array(content.labels, object)[after]
        changed += [Changed(split, keys[at].as_py(), old[at], new[at]) for at in np.flatnonzero(old != new).tolist()]
    return tuple(changed)


def _kept(shop: Workshop, kept: Mapping[Split, Indices], what: str) -> Edited:
    reader = shop.base.split("train")
    if count := min(len(kept["train"]), len(reader) - len(kept["train"])):
        shop.progress.start(count, "Computing the new mean")
    content = shop.content.subset(kept, reader, shop.progress)
    changed = []
    for split in SPLITS:
        labels = shop.content.splits[split].chosen.labels
        gone = np.setdiff1d(np.arange(len(labels)), kept[split])
        keys = shop.base.split(split).keys()
        changed += [Changed(split, keys[at].as_py(), shop.content.labels[labels[at]], "") for at in gone.tolist()]
    return Edited(content, f"{len(changed):,} {pictures(len(changed))} {what}", tuple(changed))


def _selected(shop: Workshop, request: Select, split: Split) -> Indices:
    labels, reader = shop.content.splits[split].chosen.labels, shop.base.split(split)
    stays = np.full(len(labels), split in (request.splits or SPLITS))
    if request.classes:
        stays &= np.isin(labels, [shop.content.labels.index(name) for name in request.classes])
    if request.keys:
        meant = [in_its_split(shop.base, key) for key in request.keys]
        alike = [keys_like(reader, key) for part, key in meant if part in (None, split)]
        stays &= np.isin(np.arange(len(labels)), np.concatenate([np.empty(0, np.int64), *alike]))
    drawn = np.random.Generator(np.random.Philox(key=np.array([request.seed, SPLITS.index(split)], np.uint64)))
    places = drawn.permutation(np.flatnonzero(stays))
    if request.max_per_class is not None:
        groups = [places[labels[places] == number][: request.max_per_class] for number in np.unique(labels[places])]
        places = drawn.permutation(np.concatenate([np.empty(0, np.int64), *groups]))
    return np.sort(places[: request.count])


def _require_classes(shop: Workshop, names: Mapping[str, str] | tuple[str, ...]) -> None:
    known = shop.content.labels
    problems = (Problem(f"Unknown class {name!r}.", hint=suggest(name, known)) for name in names if name not in known)
    require(problems, NameUnknown)
