"""A version's folder, from what it is to hold: where its shards are, which rows of them, mean, digest, manifest."""

from __future__ import annotations

import csv
import io
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from digits_core.dataset.chosen import write_chosen
from digits_core.dataset.content import SplitContent
from digits_core.dataset.create import SKIPPED, write_skipped
from digits_core.dataset.digest import content_digest, split_digest
from digits_core.dataset.manifest import Change, DatasetManifest, ShardFile, count_classes
from digits_core.dataset.opened import MEAN, Dataset, SplitReader
from digits_core.dataset.shards import open_shard
from digits_core.dataset.workshop import Changed, Edited
from digits_core.spec.dataset import SPLITS, Split

CHANGED = "changed.csv"


class VersionWriter:
    """Writes one version.

    Shards of earlier versions of the same dataset are named; those of other datasets become hard links, so that either
    dataset can be deleted without the other.

    Args:
        folder: Folder of the version, unfinished.
        base: The version that it comes from.
        shares: Whether it will be a version of the same dataset.
    """

    def __init__(self, folder: Path, base: Dataset, *, shares: bool) -> None:
        self._folder, self._base = folder, base
        self._shared = base.folder if shares else None

    def write(self, edited: Edited, action: str, name: str, version: str) -> DatasetManifest:
        """Write everything but the manifest, and return that.

        Args:
            edited: What the version is to hold.
            action: What was done.
            name: Name of the dataset.
            version: Name of the version.
        """
        form, content = self._base.manifest, edited.content
        parts = {split: content.splits[split].pruned() for split in SPLITS}
        listed = {split: self._listed(split, part) for split, part in parts.items()}
        np.save(self._folder / MEAN, (content.total / len(parts["train"].chosen.rows)).astype(np.float32))
        write_skipped(self._folder / SKIPPED, edited.skipped)
        _write_changed(self._folder / CHANGED, edited.changed)
        change = {"action": action, "parent": form.reference, "summary": edited.summary}
        digests = {split: self._digest(part) for split, part in parts.items()}
        return form.model_copy(
            update={
                "name": name,
                "version": version,
                "digest": content_digest(form.spec, content.labels, digests),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
                "spec": form.spec.model_copy(update={"name": name}),
                "splits": {split: len(part.chosen.rows) for split, part in parts.items()},
                "classes": count_classes(content.labels, {split: content.counts(split) for split in SPLITS}),
                "skipped": len(edited.skipped),
                "shards": {split: self._placed(split, part) for split, part in parts.items()},
                "rows": {split: file for split, file in listed.items() if file is not None},
                "change": Change.model_validate(change),
            }
        )

    def _placed(self, split: Split, part: SplitContent) -> tuple[ShardFile, ...]:
        """The shards of a split as the manifest names them."""
        return tuple(self._place(path, file, f"shared-{split}-{at:05d}") for at, (path, file) in enumerate(part.files))

    def _place(self, path: Path, file: ShardFile, name: str) -> ShardFile:
        if path.parent == self._folder:
            return file.model_copy(update={"version": None})
        if path.parent.parent == self._shared:
            return file.model_copy(update={"version": path.parent.name})
        linked = self._folder / f"{name}{path.suffix}"
        try:
            os.link(path, linked)
        except OSError:  # Some file systems have no links.
            shutil.copyfile(path, linked)
        return file.model_copy(update={"file": linked.name, "version": None})

    def _listed(self, split: Split, part: SplitContent) -> ShardFile | None:
        """Where the split is not just what its shards hold, a file that says what it holds."""
        stored, chosen = self._stored(part).labels, part.chosen
        if len(stored) == len(chosen.rows) and np.array_equal(chosen.rows, np.arange(len(stored))):
            if np.array_equal(stored, chosen.labels):
                return None
        return write_chosen(self._folder / f"{split}-rows.arrow", chosen)

    def _digest(self, part: SplitContent) -> bytes:
        return split_digest(part.chosen.labels, self._stored(part).hashes().take(part.chosen.rows, axis=0))

    def _stored(self, part: SplitContent) -> SplitReader:
        """All that the shards of a split hold."""
        form = self._base.manifest
        return SplitReader([open_shard(path, form.encoding, form.size) for path, _ in part.files], form.size)


def _write_changed(path: Path, changed: tuple[Changed, ...]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([Changed._fields, *changed])
    path.write_text(text.getvalue(), encoding="utf-8", errors="replace")
