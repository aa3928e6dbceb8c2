"""The files in an archive, one after the other, by a strict reading of tar and zip.

Only what DIGITS writes is read: plain files. Headers that speak of headers (long names, sparse files, zip64), links,
devices and folders are refused as they appear, before what they speak of is read.
"""

from __future__ import annotations

import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from digits_core.archive.refusal import Refused
from digits_core.archive.streams import CHUNK_BYTES, TRUNCATED, Gunzip, Stream, bunzip2, check_growth

#: More files than any archive holds.
MOST_FILES = 64
_BLOCK = 512
#: Zeros after the last file: tar fills up its last record.
_MOST_PADDING = 2**20
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.DIRTYPE: "a folder",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}
_FOREIGN = {
    b"\x80": "a Python pickle",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a numpy file",
    b"\x7fELF": "a program",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
    b"(\xb5/\xfd": "a zstd file",
    b"Rar!": "a rar file",
}
_END_OF_ZIP, _ZIP64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
#: Signature, four counts, size and place of the directory, length of the comment.
_END = struct.Struct("<4s4H2LH")
_MOST_DIRECTORY = MOST_FILES * 512


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, to be read before the next is asked for.

    Attributes:
        name: What it is called, as found.
        size: How many bytes it says it has.
        chunks: Its bytes; never more than ``size``.
    """

    name: str
    size: int
    chunks: Iterator[bytes]


def members(file: BinaryIO) -> Iterator[Member]:
    """The files of the archive that ``file`` is, by what it begins with.

    Raises:
        Refused: If it is none, or as soon as anything about it is not as DIGITS writes it.
    """
    begin = file.read(_BLOCK)
    file.seek(0)
    if begin.startswith(b"\x1f\x8b"):
        return _in_tar(Stream(file, Gunzip))
    if begin.startswith(b"BZh"):
        return _in_tar(Stream(file, bunzip2))
    if begin.startswith(b"PK\x03\x04"):
        return _in_zip(file)
    if begin[257:262] == b"ustar":
        return _in_tar(Stream(file))
    kind = next((kind for magic, kind in _FOREIGN.items() if begin.startswith(magic)), "no archive")
    raise Refused(f"it is {kind}" if begin else "it is empty", "Archives are made by: digits archive MODEL.")


def _in_tar(stream: Stream) -> Iterator[Member]:
    while (block := stream.exactly(_BLOCK)) != bytes(_BLOCK):
        info = _tar_header(block)
        yield Member(info.name, info.size, _tar_chunks(stream, info.size))
        stream.exactly(-info.size % _BLOCK)
    padding = 0
    while rest := stream.read(CHUNK_BYTES):
        padding += len(rest)
        if rest.strip(b"\0") or padding > _MOST_PADDING:
            raise Refused("something follows its end")


def _tar_header(block: bytes) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as reason:
        raise Refused(f"it is no tar file, or a damaged one: {reason}") from None
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise Refused(f"{info.name!r} is {_KINDS.get(info.type, 'an extended header')}, and only files may be in it")
    if info.size < 0:
        raise Refused(f"{info.name!r} has a negative size")
    return info


def _tar_chunks(stream: Stream, size: int) -> Iterator[bytes]:
    while size:
        data = stream.read(min(size, CHUNK_BYTES))
        if not data:
            raise TRUNCATED
        size -= len(data)
        yield data


def _in_zip(file: BinaryIO) -> Iterator[Member]:
    _check_directory(file)
    with _zip_errors():
        archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        _check_entry(info)
        yield Member(info.orig_filename, info.file_size, _zip_chunks(archive, info))


@contextmanager
def _zip_errors() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError) as reason:
        raise Refused(f"it is a damaged zip file: {reason}") from None


def _check_directory(file: BinaryIO) -> None:
    """Refuse a zip file whose end tells of more than an archive has, before anything reads what it tells of."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 20))
    tail = file.read()
    file.seek(0)
    if len(tail) < _END.size or not tail[-_END.size :].startswith(_END_OF_ZIP):
        raise Refused("it is a zip file without an end, or something follows it", TRUNCATED.hint)
    _, _, _, _, count, length, place, _ = _END.unpack(tail[-_END.size :])
    if tail.startswith(_ZIP64_LOCATOR):
        raise Refused("it has a zip64 directory, whose numbers may lie")
    if count > MOST_FILES or length > _MOST_DIRECTORY:
        raise Refused(f"it holds {count} files, and archives at most {MOST_FILES}")
    if place + length + _END.size != size:
        raise Refused("its directory is not where it says")


def _check_entry(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        what = "a folder" if info.is_dir() else "a symbolic link" if kind == stat.S_IFLNK else "a device"
        raise Refused(f"{info.filename!r} is {what}, and only files may be in it")
    if info.flag_bits & 0x41:
        raise Refused(f"{info.filename!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"{info.filename!r} is compressed in an unusual way")


def _zip_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    given = 0
    with _zip_errors():
        file = archive.open(info)
    while True:
        with _zip_errors():
            data = file.read(CHUNK_BYTES)
        if not data:
            break
        given += len(data)
        check_growth(given, info.compress_size)
        yield data
    if given != info.file_size:
        raise Refused(f"{info.filename!r} is shorter than it says")


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read; links are followed.

    Raises:
        Refused: If it is none, or cannot be opened.
    """
    check = "Check the path."
    if not path.exists():
        raise Refused("it does not exist", check)
    if not path.is_file():
        raise Refused("it is no file", check)
    try:
        return path.open("rb")
    except OSError as reason:
        raise Refused(f"it cannot be read: {reason.strerror}", check) from None
