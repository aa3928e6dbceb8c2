"""What processes print, in files that stay bounded."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

#: Most bytes of a log file; when it is full it becomes ``….1.txt`` in place of the one before.
LOG_BYTES = 8 * 2**20


def pump_log(stream: BinaryIO, path: Path, most: int = LOG_BYTES, piece: int = 65536) -> None:
    """Append what comes out of a pipe to a file that stays bounded; reads on even where it cannot write.

    Args:
        stream: The reading end of the pipe.
        path: The file.
        most: Bytes that it may become; a full one is renamed in place of the one before.
        piece: Most bytes that are read at a time.
    """
    while data := os.read(stream.fileno(), piece):
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size + len(data) > most:
                path.replace(path.with_suffix(".1.txt"))
            with open(path, "ab") as log:
                log.write(data)
