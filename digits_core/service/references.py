"""Pictures that a file names: what ``digits errors`` wrote, or a list made by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from digits_core.errors import SpecInvalid, suggest
from digits_core.spec.change import PictureReference
from digits_core.spec.dataset import SPLITS


def read_references(path: Path, reasons: Sequence[str] = (), *, chosen: bool = False) -> tuple[PictureReference, ...]:
    """Pictures that a file names: a CSV file with a column ``key`` (and ``split``, ``hash``, ``to``), or a key a line.

    Args:
        path: The file.
        reasons: Take rows whose ``reason`` is one of these; empty: all.
        chosen: Refuse a file that gives reasons unless ``reasons`` says which are meant.

    Raises:
        SpecInvalid: If it cannot be read, or names nothing.
    """
    rows = _rows(path)
    given = sorted({row.get("reason") or "" for row in rows} - {""})
    if chosen and given and not reasons:
        hint = f"Say which are meant, as --reason {given[0]}, or delete the column after a look at every row."
        raise SpecInvalid(f"{path} names pictures for several reasons: {', '.join(given)}.", hint=hint)
    if reasons:
        rows = [row for row in rows if row.get("reason") in reasons]
    if not rows:
        found = f"no picture with reason {', '.join(reasons)}" if reasons else "no picture"
        raise SpecInvalid(f"{path} names {found}.", hint="Give a CSV file with a column key, or a key a line.")
    return tuple(_reference(row, path) for row in rows)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as reason:
        raise SpecInvalid(f"{path} cannot be read: {reason}.", hint="Check the path.") from None
    lines = text.splitlines(keepends=True)
    if "key" in next(csv.reader(lines[:1]), []):
        return [row for row in csv.DictReader(lines) if row.get("key")]
    return [{"key": line.strip()} for line in lines if line.strip()]


def _reference(row: dict[str, str], path: Path) -> PictureReference:
    split = row.get("split") or None
    if split is not None and split not in SPLITS:
        raise SpecInvalid(f"Unknown split {split!r} of {row['key']}.", where=str(path), hint=suggest(split, SPLITS))
    return PictureReference(key=row["key"], split=split, hash=row.get("hash") or "", to=row.get("to") or "")
