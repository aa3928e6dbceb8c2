"""How far the trackers of a job have been told, in ``trackers/`` of its folder.

::

    trackers/
      NAME.json   where it writes, how much of the journal it has written, and the tracker's own mark
      NAME.txt    what it printed
      NAME.lock   held by the process that tells it
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from digits_core.disk import make_folder, write_file
from digits_core.spec.model import Spec

FOLDER = "trackers"


class TrackerRecord(Spec):
    """How far a tracker is."""

    where: str = ""
    """Where it writes: an address or a folder, as seen from the job's folder."""
    cursor: int = 0
    """Byte of the journal up to which it has written everything."""
    mark: dict[str, Any] = Field(default_factory=dict)
    """What the tracker itself wants to know when it goes on."""


def read_record(job: Path, tracker: str) -> TrackerRecord:
    """How far a tracker is; at the beginning where nobody knows."""
    try:
        return TrackerRecord.model_validate_json((job / FOLDER / f"{tracker}.json").read_bytes())
    except (OSError, ValidationError):
        return TrackerRecord()


def write_record(job: Path, tracker: str, record: TrackerRecord) -> None:
    """Remember how far a tracker is.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    write_file(job / FOLDER / f"{tracker}.json", json.dumps(record.model_dump(mode="json")))


def recorded_trackers(job: Path) -> tuple[str, ...]:
    """Names of the trackers that have followed the job."""
    return tuple(sorted(path.stem for path in (job / FOLDER).glob("*.json")))


def tracker_folder(job: Path) -> Path:
    """Where all this lies; made where it is not there.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    make_folder(job / FOLDER)
    return job / FOLDER
