"""Writing an archive: equal files give an equal archive, to the last byte."""

from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeAlias

from digits_core.archive.manifest import MANIFEST, MOST_BYTES, ArchivedFile, ArchiveManifest
from digits_core.disk import new_entry
from digits_core.errors import ModelInvalid, SpecInvalid

#: Weights hardly get smaller; more effort takes minutes and gains a percent.
_EFFORT = 1
#: The first moment that a zip file can tell of.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_ZIP = 2**32 - 2**20

Write: TypeAlias = Callable[[BinaryIO, Mapping[str, bytes]], None]


def make_manifest(name: str, license: str, files: Mapping[str, bytes]) -> ArchiveManifest:
    """The manifest of ``files``.

    Raises:
        ModelInvalid: If one of them is larger than is read again.
    """
    for file, data in files.items():
        if len(data) > MOST_BYTES[file]:
            raise ModelInvalid(
                f"{file} of model {name} has {len(data):,} bytes, at most {MOST_BYTES[file]:,} go into an archive."
            )
    listed = {
        file: ArchivedFile(size_bytes=len(files[file]), sha256=hashlib.sha256(files[file]).hexdigest())
        for file in MOST_BYTES
        if file in files
    }
    return ArchiveManifest(name=name, license=license, files=listed)


def write_archive(path: Path, manifest: ArchiveManifest, files: Mapping[str, bytes]) -> None:
    """Write an archive in the form that its suffix says, in place of what was there; there is all of it or nothing.

    Args:
        path: Where; see `FORMS`.
        manifest: What `make_manifest` says of the files.
        files: Every file by name.

    Raises:
        SpecInvalid: If the suffix is none of an archive, or the form cannot hold as much.
        OSError: If it cannot be written there.
    """
    write = form_of(path)
    ordered = {MANIFEST: manifest.encode(), **{name: files[name] for name in manifest.files}}
    if write is _zip and sum(map(len, ordered.values())) > _MOST_ZIP:
        raise SpecInvalid(f"{path.name} would have more than 4 GiB.", hint="Make a .tar or .tar.gz.")
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with new_entry(path, replace=True) as unfinished, unfinished.open("wb") as file:
        write(file, ordered)


def form_of(path: Path) -> Write:
    """How an archive of that name is written.

    Raises:
        SpecInvalid: If its suffix is none of an archive.
    """
    for suffix, write in FORMS.items():
        if path.name.lower().endswith(suffix):
            return write
    known = ", ".join(FORMS)
    raise SpecInvalid(f"An archive is called {known}, found {path.name}.", hint="For example: -o model.tar.gz")


def _tar(file: BinaryIO, files: Mapping[str, bytes]) -> None:
    # Nothing of this machine, its user or the hour goes into a header.
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _compressed_tar(compressed: Callable[[BinaryIO], AbstractContextManager[BinaryIO]]) -> Write:
    def write(file: BinaryIO, files: Mapping[str, bytes]) -> None:
        with compressed(file) as stream:
            _tar(stream, files)

    return write


def _zip(file: BinaryIO, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_EFFORT) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, _EFFORT)


def _gzip(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    return gzip.GzipFile("", "wb", _EFFORT, file, mtime=0)  # type: ignore[return-value]


def _bzip2(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    return bz2.BZ2File(file, "wb")  # type: ignore[return-value]


#: How archives are written, by what they are called.
FORMS: dict[str, Write] = {
    ".tar.gz": _compressed_tar(_gzip),
    ".tgz": _compressed_tar(_gzip),
    ".tar.bz2": _compressed_tar(_bzip2),
    ".tar": _tar,
    ".zip": _zip,
}
