"""Reading an archive: one pass, nothing written, everything checked on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from digits_core.archive.manifest import (
    MANIFEST,
    MOST_BYTES,
    MOST_MANIFEST_BYTES,
    OPTIONAL,
    ArchivedFile,
    ArchiveManifest,
    decode_manifest,
)
from digits_core.archive.members import Member, members, open_regular
from digits_core.archive.refusal import Refused
from digits_core.errors import DigitsError, ModelInvalid


@dataclass(frozen=True, slots=True)
class ArchiveFiles:
    """An archive whose every file has the size and the digest that the manifest gives it.

    Attributes:
        path: The archive.
        manifest: What it says about itself.
        data: The files that were asked for, by name.
    """

    path: Path
    manifest: ArchiveManifest
    data: dict[str, bytes]


def read_archive(path: Path, wanted: Collection[str] = tuple(MOST_BYTES)) -> ArchiveFiles:
    """Read an archive and check all of it.

    Args:
        path: The archive.
        wanted: Names of the files to keep; the others are checked and forgotten.

    Raises:
        ModelInvalid: With the first thing that is wrong.
    """
    try:
        with open_regular(path) as file:
            return _read(path, members(file), wanted)
    except Refused as refused:
        raise refuse(path, refused.reason, refused.hint) from None


def refuse(path: Path, reason: str, hint: str = Refused("").hint) -> ModelInvalid:
    """What is said of an archive that is not used."""
    return ModelInvalid(f"Archive {path.name} is refused: {reason}.", where=str(path), hint=hint)


def _read(path: Path, found: Iterator[Member], wanted: Collection[str]) -> ArchiveFiles:
    manifest = _manifest(path, next(found, None))
    _check_listed(manifest)
    data: dict[str, bytes] = {}
    seen: set[str] = {MANIFEST}
    for member in found:
        _check_name(member.name, seen)
        seen.add(member.name)
        content = _content(member, manifest.files.get(member.name), keep=member.name in wanted)
        if content is not None:
            data[member.name] = content
    if missing := sorted(manifest.files.keys() - seen):
        raise Refused(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    return ArchiveFiles(path, manifest, data)


def _manifest(path: Path, first: Member | None) -> ArchiveManifest:
    if first is None:
        raise Refused("it holds nothing")
    if first.name != MANIFEST:
        _check_name(first.name, set())
        raise Refused(f"it begins with {first.name!r}, and archives with {MANIFEST}")
    if first.size > MOST_MANIFEST_BYTES:
        raise Refused(f"{MANIFEST} has {first.size:,} bytes, at most {MOST_MANIFEST_BYTES:,} are read")
    try:
        return decode_manifest(b"".join(first.chunks), str(path))
    except DigitsError as wrong:
        problem = wrong.problems[0]
        raise Refused(problem.message.removesuffix("."), problem.hint or Refused("").hint) from None


def _check_listed(manifest: ArchiveManifest) -> None:
    for name, record in manifest.files.items():
        _check_name(name, set())
        if record.size_bytes > MOST_BYTES[name]:
            raise Refused(f"{name} has {record.size_bytes:,} bytes, at most {MOST_BYTES[name]:,} are read")
    if missing := sorted(MOST_BYTES.keys() - OPTIONAL - manifest.files.keys()):
        raise Refused(f"its manifest does not list {', '.join(missing)}")


def _check_name(name: str, seen: set[str]) -> None:
    windows = PureWindowsPath(name)
    if name.startswith(("/", "\\")) or windows.drive:
        raise Refused(f"{name!r} is an absolute path")
    if ".." in windows.parts or ".." in PurePosixPath(name).parts:
        raise Refused(f"{name!r} leads out of its folder")
    if not name.isprintable():
        raise Refused(f"{name!r} is no name for a file")
    if name in seen:
        raise Refused(f"{name!r} is in it twice")
    if name.casefold() in {other.casefold() for other in seen}:
        raise Refused(f"{name!r} is in it twice, in capitals and in small letters")
    if name not in MOST_BYTES:
        raise Refused(f"{name!r} is no file of an archive")


def _content(member: Member, record: ArchivedFile | None, *, keep: bool) -> bytes | None:
    """The bytes of a file, once they have the size and digest that the manifest gives them."""
    if record is None:
        raise Refused(f"{member.name!r} is not in its manifest")
    if member.size != record.size_bytes:
        raise Refused(f"{member.name} has {member.size:,} bytes, and {record.size_bytes:,} by its manifest")
    digest, kept = hashlib.sha256(), []
    for chunk in member.chunks:
        digest.update(chunk)
        if keep:
            kept.append(chunk)
    if digest.hexdigest() != record.sha256:
        raise Refused(f"{member.name} has another SHA-256 than its manifest says")
    return b"".join(kept) if keep else None
