"""From paths of a request to listings: find the plugin that reads each, and let it list its pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digits_core.contracts.boundary import Boundary
from digits_core.contracts.dataset_source import DatasetSource, SourceOptions
from digits_core.contracts.picture_file import PICTURE_ENDINGS
from digits_core.dataset.selection import Listing
from digits_core.errors import PluginMissing, Problem, SourceInvalid, require
from digits_core.hooks.registry import Registry
from digits_core.spec.dataset import DatasetSpec, Split

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source and what it listed."""

    source: DatasetSource
    listing: Listing


def open_sources(spec: DatasetSpec, registry: Registry[DatasetSource]) -> list[OpenedSource]:
    """Every source of the request, listed: training paths in order, then validation, then test.

    Raises:
        SourceInvalid: With the problems of all of them at once.
    """
    boundary = Boundary(spec.within)
    require(_outside(spec, boundary) or _missing(spec), SourceInvalid)
    wanted: list[tuple[Path, Split | None]] = [(path, None) for path in spec.paths]
    if spec.val_path is not None:
        wanted.append((spec.val_path, "val"))
    if spec.test_path is not None:
        wanted.append((spec.test_path, "test"))
    opened: list[OpenedSource] = []
    problems: list[Problem] = []
    for path, split in wanted:
        try:
            opened.append(_open(spec, path, split, registry, boundary))
        except SourceInvalid as refused:
            problems += refused.problems
    require(problems, SourceInvalid)
    return opened


def _open(
    spec: DatasetSpec, path: Path, split: Split | None, registry: Registry[DatasetSource], boundary: Boundary
) -> OpenedSource:
    kind = _recognised(path, registry) if spec.source == AUTO else registry.get(spec.source)
    if boundary.folders is not None and not kind.stays_within:
        message = f"Source {kind.name} does not promise to stay within folders that may be read."
        raise SourceInvalid(message, where=str(path), hint="Make the dataset at the command line.")
    val_given = spec.val is not None or spec.val_path is not None
    source = kind(path, SourceOptions(spec.labels, spec.prefix, val_given, boundary))
    try:
        items = source.itemize()
    except OSError as reason:
        raise SourceInvalid(
            f"{path} cannot be listed: {reason.strerror or reason}.",
            where=str(reason.filename or path),
            hint="Check the permissions.",
        ) from None
    if not items:
        raise SourceInvalid(f"{path} holds no pictures.", where=str(path), hint="Check the path.")
    return OpenedSource(source, Listing(items, source.class_names(), split))


def _recognised(path: Path, registry: Registry[DatasetSource]) -> type[DatasetSource]:
    found = {name: kind for name, kind in _usable(registry) if kind.recognises(path)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise SourceInvalid(
            f"{path} could be read by several sources: {', '.join(found)}.",
            where=str(path),
            hint="Say which one with --source.",
        )
    if path.is_dir():
        require(_shallow(path), SourceInvalid)
    raise SourceInvalid(
        f"{path} is no source of pictures that is known: {', '.join(registry.available()) or 'none is installed'}.",
        where=str(path),
        hint="Give a folder with one folder per class, a list of paths and labels, or a folder of IDX files.",
    )


def _shallow(folder: Path) -> Iterable[Problem]:
    """What is wrong with a folder of which a folder more or less would do."""
    names = os.listdir(folder)
    if not names:
        yield Problem(f"{folder} is empty.", str(folder), "Check the path.")
    elif any(os.path.splitext(name)[1].lower() in PICTURE_ENDINGS for name in names):
        hint = f"If it is one class of several, give the folder that holds them: {folder.absolute().parent}."
        yield Problem(f"{folder} holds pictures, but no folders of classes.", str(folder), hint)


def _usable(registry: Registry[DatasetSource]) -> Iterable[tuple[str, type[DatasetSource]]]:
    for name in registry.available():
        try:
            yield name, registry.get(name)
        except PluginMissing:
            continue  # A broken plugin is the doctor's business, as long as nobody asks for it by name.


def _missing(spec: DatasetSpec) -> list[Problem]:
    return [
        Problem(f"{path} does not exist.", key, "Check the path; a relative one starts from the current folder.")
        for key, path in _named(spec)
        if not path.exists()
    ]


def _outside(spec: DatasetSpec, boundary: Boundary) -> list[Problem]:
    found: list[Problem] = []
    for _, path in _named(spec):
        try:
            boundary.require(path)
        except SourceInvalid as refused:
            found += refused.problems
    return found


def _named(spec: DatasetSpec) -> list[tuple[str, Path]]:
    """Every path of a request, and what it is there."""
    named: Sequence[tuple[str, Path | None]] = [
        *(("paths", path) for path in spec.paths),
        ("val_path", spec.val_path),
        ("test_path", spec.test_path),
        ("labels", spec.labels),
        ("prefix", spec.prefix),
    ]
    return [(key, path) for key, path in named if path is not None]
