"""Creating a dataset: list, select, prepare, store; complete or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from digits_core.contracts.dataset_source import DatasetSource
from digits_core.dataset.digest import content_digest
from digits_core.dataset.ingest import Ingest, Skipped, StoredSplit
from digits_core.dataset.manifest import FIRST_VERSION, DatasetManifest, count_classes, write_manifest
from digits_core.dataset.opened import MEAN
from digits_core.dataset.progress import Progress, Silence
from digits_core.dataset.selection import FEWEST_CLASSES, Selection, select
from digits_core.dataset.sources import open_sources
from digits_core.disk import new_folder
from digits_core.errors import NameTaken, SourceInvalid, SpecInvalid
from digits_core.hooks.registry import Registry
from digits_core.spec.dataset import SPLITS, DatasetSpec, Split
from digits_core.spec.paths import expanded

SKIPPED = "skipped.csv"


def create_dataset(
    spec: DatasetSpec, folder: Path, sources: Registry[DatasetSource], progress: Progress | None = None
) -> DatasetManifest:
    """Turn the pictures of ``spec`` into a dataset at ``folder``.

    An interruption, by an error, Ctrl-C or a lost machine, leaves no dataset.

    Args:
        spec: The request.
        folder: Folder of the new dataset; must not exist.
        sources: Dataset sources by name.
        progress: Told how many pictures are done.

    Raises:
        NameTaken: If ``folder`` exists.
        SourceInvalid: If the pictures cannot become a dataset; with every reason at once.
        SpecInvalid: If the request contradicts itself.
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    if folder.exists():
        raise _taken(folder)
    check_words(spec)
    spec = with_absolute_paths(spec)
    opened = open_sources(spec, sources)
    selection = select(spec, [source.listing for source in opened])
    readers = [source.source for source in opened]
    del opened  # The listings of a million pictures are not needed any more.
    try:
        with new_folder(folder) as unfinished:
            return _fill(unfinished, spec, selection, readers, progress or Silence())
    except FileExistsError:
        raise _taken(folder) from None


def check_words(spec: DatasetSpec) -> None:
    """Refuse a request that contradicts itself.

    Raises:
        SpecInvalid: If it does.
    """
    if spec.val_path is not None and spec.val:
        raise SpecInvalid(
            f"val_path and val contradict each other, found {spec.val_path} and {spec.val:g} percent.",
            where="val",
            hint="Give a separate validation source or a share of the training pictures.",
        )


def _taken(folder: Path) -> NameTaken:
    return NameTaken(
        f"The dataset {folder.name} exists already.", where=str(folder), hint="Choose another name, or delete it first."
    )


def with_absolute_paths(spec: DatasetSpec) -> DatasetSpec:
    """The same request, wherever it is carried out from."""

    def absolute(path: Path | None) -> Path | None:
        return None if path is None else expanded(path).absolute()

    return spec.model_copy(
        update={
            "paths": tuple(expanded(path).absolute() for path in spec.paths),
            "val_path": absolute(spec.val_path),
            "test_path": absolute(spec.test_path),
            "labels": absolute(spec.labels),
            "prefix": absolute(spec.prefix),
            "within": spec.within and tuple(expanded(path).absolute() for path in spec.within),
        }
    )


def _fill(
    folder: Path, spec: DatasetSpec, selection: Selection, sources: Sequence[DatasetSource], progress: Progress
) -> DatasetManifest:
    version = folder / FIRST_VERSION
    version.mkdir()
    progress.start(sum(map(len, selection.samples.values())), f"Creating dataset {spec.name}")
    ingest = Ingest(spec, sources, len(selection.labels))
    stored = {split: ingest.store(split, selection.samples[split], version, progress) for split in SPLITS}
    _check_stored(spec, selection.labels, stored)
    train = stored["train"]
    np.save(version / MEAN, (train.total / train.samples).astype(np.float32))
    write_skipped(version / SKIPPED, [skip for split in SPLITS for skip in stored[split].skipped])
    manifest = _manifest(spec, selection.labels, stored)
    write_manifest(folder, manifest)
    return manifest


def _check_stored(spec: DatasetSpec, labels: Sequence[str], stored: Mapping[Split, StoredSplit]) -> None:
    """Refuse what is left after skipping when nothing can be learned from it."""
    train = stored["train"]
    where = ", ".join(map(str, spec.paths))
    if not train.samples:
        first = train.skipped[0]
        raise SourceInvalid(
            f"None of the {len(train.skipped)} training pictures can be read; the first, {first.key}: {first.reason}.",
            where=where,
            hint="Check that the files are pictures and that they are there.",
        )
    empty = [label for label, count in zip(labels, train.counts, strict=True) if not count]
    if len(labels) - len(empty) < FEWEST_CLASSES:
        raise SourceInvalid(
            f"Expected readable pictures of at least {FEWEST_CLASSES} classes, found none of {', '.join(empty)}.",
            where=where,
            hint="Repair or replace the pictures of these classes.",
        )


def write_skipped(path: Path, skipped: Sequence[Skipped]) -> None:
    """Say which pictures could not be read and why, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("key", "reason"), *skipped])
    path.write_text(text.getvalue(), encoding="utf-8", errors="replace")


def _manifest(spec: DatasetSpec, labels: Sequence[str], stored: Mapping[Split, StoredSplit]) -> DatasetManifest:
    return DatasetManifest(
        name=spec.name,
        version=FIRST_VERSION,
        digest=content_digest(spec, labels, {split: stored[split].digest for split in SPLITS}),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        spec=spec,
        splits={split: stored[split].samples for split in SPLITS},
        classes=count_classes(labels, {split: stored[split].counts for split in SPLITS}),
        skipped=sum(len(stored[split].skipped) for split in SPLITS),
        size=(spec.height, spec.width, spec.channels),
        encoding=spec.encoding,
        shards={split: stored[split].files for split in SPLITS},
    )
