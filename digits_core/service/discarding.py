"""Throwing away with a way back."""

from __future__ import annotations

import datetime

from digits_core.service.runs import remove
from digits_core.service.views.about import TrashedView
from digits_core.store.about import read_about
from digits_core.store.home import Home
from digits_core.store.trash import Kind, Trash, TrashRecord


def discard(home: Home, kind: Kind, name: str) -> TrashedView:
    """Move something into the trash, after somebody has seen that it may go.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    trash = Trash(home)
    return trashed_view(trash, trash.put(kind, name))


def trashed_view(trash: Trash, record: TrashRecord) -> TrashedView:
    """Something in the trash as a read model."""
    discarded = record.discarded.isoformat(timespec="seconds")
    owner = read_about(trash.content(record)).owner
    return TrashedView(id=record.id, kind=record.kind, name=record.name, discarded=discarded, owner=owner)


def empty(home: Home, older_than_days: float) -> int:
    """Delete for good what was discarded longer ago; returns how many things that were."""
    trash, limit = Trash(home), datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=older_than_days)
    old = [record for record in trash.records() if record.discarded <= limit]
    for record in old:
        remove(trash.path / record.id, record.kind)
    return len(old)
