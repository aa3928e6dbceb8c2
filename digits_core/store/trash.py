"""The trash: jobs, datasets and models that were taken out of the home, and can be put back.

::

    trash/ID/
      trash.json   what it was, and when it was discarded      content/   its folder, as it was

Both ways are one rename, so a folder is in one place or the other, whatever happens meanwhile.
"""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from digits_core.disk import make_folder, storage_errors, sync_folder, write_file
from digits_core.errors import NameTaken, NameUnknown, suggest
from digits_core.spec.files import dump_json
from digits_core.spec.model import Name, Spec
from digits_core.store.home import Home

RECORD, CONTENT = "trash.json", "content"

#: What can be discarded.
Kind = Literal["job", "dataset", "model"]
#: Kinds that share their names.
_SHARED: dict[Kind, tuple[Kind, ...]] = {"job": ("job", "model"), "model": ("job", "model"), "dataset": ("dataset",)}


class TrashRecord(Spec):
    """What lies in the trash."""

    id: str
    """Name of its folder there."""
    kind: Kind
    """What it was."""
    name: Name
    """What it was called."""
    discarded: datetime.datetime
    """When."""


class Trash:
    """The trash of ``home``.

    Args:
        home: Whose trash.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def path(self) -> Path:
        """The folder; it need not exist."""
        return self._home.path / "trash"

    def records(self) -> tuple[TrashRecord, ...]:
        """What is in it, what was discarded first at the beginning."""
        return tuple(sorted(self._complete(), key=lambda record: (record.discarded, record.id)))

    def find(self, id: str) -> TrashRecord:
        """What has that id.

        Raises:
            NameUnknown: If there is none.
        """
        found = {record.id: record for record in self._complete()}
        if id not in found:
            raise NameUnknown(f"There is nothing called {id!r} in the trash.", hint=suggest(id, found))
        return found[id]

    def content(self, record: TrashRecord) -> Path:
        """Where a folder lies that was discarded."""
        return self.path / record.id / CONTENT

    def put(self, kind: Kind, name: str) -> TrashRecord:
        """Move a folder into the trash; nobody may be working in it.

        Raises:
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        place = self._claimed(f"{kind}-{name}")
        now = datetime.datetime.now(datetime.UTC)
        record = TrashRecord(id=place.name, kind=kind, name=name, discarded=now)
        write_file(place / RECORD, dump_json(record.model_dump(mode="json")))
        _move(self._folder(kind, name), place / CONTENT)
        return record

    def take(self, record: TrashRecord) -> None:
        """Move a folder back to where it was.

        Raises:
            NameTaken: If something has that name meanwhile.
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        for kind in _SHARED[record.kind]:
            if self._folder(kind, record.name).exists():
                message = f"A {kind} {record.name!r} exists already, so {record.id} cannot be restored."
                raise NameTaken(message, hint="Rename, discard or delete that one first.")
        place, target = self.path / record.id, self._folder(record.kind, record.name)
        make_folder(target.parent)
        _move(place / CONTENT, target)
        (place / RECORD).unlink(missing_ok=True)
        place.rmdir()

    def _complete(self) -> Iterator[TrashRecord]:
        for place in self.path.iterdir() if self.path.is_dir() else ():
            if not (place / CONTENT).is_dir():
                continue
            try:
                record = TrashRecord.model_validate_json((place / RECORD).read_bytes())
            except (OSError, ValidationError):
                continue
            if record.id == place.name:
                yield record

    def _claimed(self, wanted: str) -> Path:
        """A folder of its own, with that name or a number after it."""
        make_folder(self.path)
        for number in itertools.count(1):
            place = self.path / (wanted if number == 1 else f"{wanted}-{number}")
            with storage_errors(f"the trash for {wanted}"):
                try:
                    place.mkdir()
                except FileExistsError:
                    continue
                return place
        raise AssertionError("there is always another number")

    def _folder(self, kind: Kind, name: str) -> Path:
        match kind:
            case "job":
                return self._home.job_folder(name)
            case "dataset":
                return self._home.dataset_folder(name)
            case "model":
                return self._home.model_folder(name)


def _move(source: Path, target: Path) -> None:
    with storage_errors(f"the move of {source.name}"):
        os.rename(source, target)
        sync_folder(target.parent)
        sync_folder(source.parent)
