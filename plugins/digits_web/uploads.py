"""Files that people bring, for as long as they are needed: pictures, archives of folders, networks, models."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from digits_core.disk import make_folder, storage_errors
from digits_core.errors import NameUnknown, SourceInvalid
from digits_core.service.importing import is_weights_file
from digits_core.service.views.view import View

#: Seconds after which nobody needs an upload any more.
KEPT_S = 24 * 3600.0
#: What names an upload where a path is expected.
SCHEME = "upload:"
MOST_FILES = 2_000_000
#: Files by which the archive of a model is told from one of pictures: it is read as it is, and never unpacked. So are
#: weights, which some systems keep in zip files of their own.
_OF_MODELS = frozenset({"manifest.json", "graph.json", "weights.safetensors"})
#: An archive may not grow to more than so many times its size: no pictures do.
MOST_GROWTH = 200
_ID = re.compile(r"[0-9a-f]{16}")
_UNSAFE = re.compile(r"[^\w. ()@+-]+")
_RECORD, _FOLDER = "upload.json", "unpacked"


class UploadView(View):
    """A file that was brought."""

    id: str
    """What it is asked for by; where a path is expected, write `upload:` and this."""
    name: str
    """What it was called."""
    size_bytes: int
    """Its size."""
    files: int
    """Files in it, of an archive that was unpacked; else 1."""
    created: float
    """When, seconds since the epoch."""


class Uploads:
    """The uploads of a home, each in a folder of its own.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, content: BinaryIO, by: str = "") -> UploadView:
        """Take a file in; a zip archive is unpacked unless it is a model. It appears whole or not at all.

        Args:
            name: What it is called where it comes from.
            content: Its bytes.
            by: Who brings it.

        Raises:
            SourceInvalid: If it is an archive that cannot be unpacked, or would harm.
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        self.sweep()
        id, safe = secrets.token_hex(8), _safe(name)
        place = self._folder / f".{id}"
        with storage_errors("an upload"):
            make_folder(place)
            try:
                with open(place / safe, "wb") as target:
                    shutil.copyfileobj(content, target, 2**20)
                size = (place / safe).stat().st_size
                files = 1
                if zipfile.is_zipfile(place / safe) and not _is_model(place / safe):
                    files = _unpack(place / safe, place / _FOLDER)
                    # Whatever remembers where pictures were from remembers what was brought.
                    os.replace(place / _FOLDER, place / safe)
                view = UploadView(id=id, name=safe, size_bytes=size, files=files, created=time.time())
                (place / _RECORD).write_text(json.dumps({**view.to_dict(), "by": by}))
                os.replace(place, self._folder / id)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
        return view

    def view(self, id: str) -> UploadView:
        """An upload.

        Raises:
            NameUnknown: If there is none of that id.
        """
        return UploadView.model_validate(json.loads((self._place(id) / _RECORD).read_bytes()))

    def path(self, id: str) -> Path:
        """Where an upload is: the file, or of an archive the folder with what was in it.

        Raises:
            NameUnknown: If there is none of that id.
        """
        place = self._place(id)
        # An archive that was brought before folders had its name.
        unnamed = place / _FOLDER
        found = unnamed if unnamed.is_dir() else place / self.view(id).name
        return _inner(found) if found.is_dir() else found

    def drop(self, id: str) -> None:
        """Delete an upload.

        Raises:
            NameUnknown: If there is none of that id.
        """
        shutil.rmtree(self._place(id), ignore_errors=True)

    def sweep(self) -> None:
        """Delete what is older than `KEPT_S`, and what never became whole."""
        for place in self._folder.iterdir() if self._folder.is_dir() else ():
            if place.lstat().st_mtime < time.time() - KEPT_S:
                shutil.rmtree(place, ignore_errors=True)

    def _place(self, id: str) -> Path:
        place = self._folder / id
        if not _ID.fullmatch(id) or not (place / _RECORD).is_file():
            raise NameUnknown(f"There is no upload {id!r}.", hint="Uploads are kept for a day: bring it again.")
        return place


def brought_as(path: Path, uploads: Path) -> str | None:
    """What was brought, of a path in the folder of uploads; None for any other path.

    >>> brought_as(Path("/home/uploads/0123/cats.zip/cats"), Path("/home/uploads"))
    'cats.zip'
    >>> brought_as(Path("/home/uploads/0123/unpacked"), Path("/home/uploads")), brought_as(Path("/a"), Path("/b"))
    ('an uploaded zip', None)
    """
    if not path.is_relative_to(uploads):
        return None
    name = (*path.relative_to(uploads).parts, "", "")[1]
    return "an uploaded zip" if name in ("", _FOLDER) else name


def _safe(name: str) -> str:
    """A name that is one file's, whatever a client says."""
    plain = _UNSAFE.sub("_", PurePosixPath(name.replace("\\", "/")).name).lstrip(".")[-100:]
    return f"_{plain}" if plain in ("", _RECORD, _FOLDER) else plain


def _inner(folder: Path) -> Path:
    """The folder that matters: the only one of an archive that holds nothing beside it."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and _has_folders(inside[0]) else folder


def _has_folders(folder: Path) -> bool:
    return any(entry.is_dir() for entry in folder.iterdir())


def _is_model(file: Path) -> bool:
    """Whether a zip file is the archive of a model, or weights."""
    if is_weights_file(file.name):
        return True
    try:
        with zipfile.ZipFile(file) as archive:
            return set(archive.namelist()) >= _OF_MODELS
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def _unpack(file: Path, folder: Path) -> int:
    """Unpack a zip archive; returns how many files were in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = list(_members(archive, file.stat().st_size))
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(target, "xb") as stream:
                    shutil.copyfileobj(source, stream, 2**20)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, FileExistsError) as reason:
        raise SourceInvalid(f"{file.name} is a zip archive that cannot be unpacked: {reason}.") from None
    if not members:
        raise SourceInvalid(f"{file.name} is a zip archive without files.", hint="Put the folder of pictures into it.")
    file.unlink()
    return len(members)


def _members(archive: zipfile.ZipFile, size: int) -> Iterator[zipfile.ZipInfo]:
    """The files of an archive that may be unpacked; refuses it where one of them may not."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > max(size, 2**20) * MOST_GROWTH:
        raise ValueError("it would fill the disk")
    for info in infos:
        parts = PurePosixPath(info.filename).parts
        if info.filename.startswith("/") or ".." in parts or "\\" in info.filename or "\0" in info.filename:
            raise ValueError(f"{info.filename!r} leads out of it")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ValueError(f"{info.filename!r} is a link")
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if not info.is_dir() and not hidden:
            yield info
