"""A picture's file: which endings it has, and how it is read with the care that a stranger's folder deserves."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from digits_core.contracts.boundary import ANYWHERE, Boundary

#: Endings of files that are taken for pictures, in lower case: the formats that the core decodes.
PICTURE_ENDINGS = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .bmp .dib .gif .webp .tif .tiff .ppm .pgm .pbm .pnm .pfm .jp2 .j2k .j2c "
    ".jpc .jpf .jpx .avif .avifs .ico .pcx .sgi .rgb .rgba .bw .tga .icb .vda .vst".split()
)

#: Larger files are not read: what decodes to an accepted number of pixels is smaller.
MAX_FILE_BYTES = 2**28


def read_picture_file(path: str, boundary: Boundary = ANYWHERE) -> bytes:
    """The bytes of the file at ``path``.

    Raises:
        OSError: If it cannot be read, leads out of ``boundary``, is no regular file (a pipe would wait for ever), or
            exceeds `MAX_FILE_BYTES`.
    """
    path = boundary.real(path)
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    if status.st_size > MAX_FILE_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_FILE_BYTES:,} bytes", path)
    with open(path, "rb", buffering=0) as stream:
        return stream.read()


def find_picture_files(folder: Path) -> list[str]:
    """Paths below ``folder`` of everything with the ending of a picture, relative to it and sorted.

    Hidden files and folders are left alone; links to folders are not followed, since they may go in circles.

    Raises:
        OSError: If a folder cannot be listed.
    """
    found = []
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        base = os.path.relpath(place, folder)
        found += [os.path.join(base, name) if base != "." else name for name in files if _shows(name)]
    return sorted(found)


def _shows(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURE_ENDINGS


def _refuse(reason: OSError) -> None:
    raise reason
