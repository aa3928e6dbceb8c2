"""What people say about a job, a dataset or an imported model, in ``about.json`` of its folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from digits_core.disk import write_file
from digits_core.spec.about import About
from digits_core.spec.files import dump_json

FILE = "about.json"


def read_about(folder: Path) -> About:
    """What is said; nothing where nobody said anything, or it cannot be read: it is no reason to hide the rest."""
    try:
        return About.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return About()


def write_about(folder: Path, about: About) -> None:
    """Say something else.

    Raises:
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    write_file(folder / FILE, dump_json(about.model_dump(mode="json")))
