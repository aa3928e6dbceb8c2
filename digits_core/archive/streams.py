"""Compressed files as a stream that cannot give more than it may."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from digits_core.archive.refusal import Refused

#: So much may come out of any file.
SLACK_BYTES = 64 * 2**20
#: Beyond that, so many times what went in: weights hardly get smaller, and bombs a thousand times.
MOST_RATIO = 100
CHUNK_BYTES = 2**18
TRUNCATED = Refused("it ends too early", "Get it again: it was not transferred whole.")


def check_growth(given: int, taken: int) -> None:
    """Refuse what grows like a bomb.

    Args:
        given: Bytes that came out so far.
        taken: Compressed bytes that went in for them.
    """
    if given > SLACK_BYTES and given > MOST_RATIO * taken:
        raise Refused(f"{taken:,} bytes of it unpack to more than {given:,}, as those of a bomb do")


class Decompressor(Protocol):
    """What `bz2.BZ2Decompressor` does."""

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed data was met."""

    @property
    def unused_data(self) -> bytes:
        """What follows that end."""

    @property
    def needs_input(self) -> bool:
        """Whether more has to be given before more comes."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most ``max_length`` bytes of what ``data`` and that given before say."""


class Gunzip:
    """`zlib` with the manners of `bz2`: one member of a gzip file."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        """Whether the end was met."""
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the end."""
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether all that was given is used up."""
        return not self._inflate.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most ``max_length`` bytes."""
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


class Stream:
    """A file read once from its beginning, decompressed on the way.

    Args:
        file: The file.
        decompressor: Who decompresses; None: it is read as it is.
    """

    def __init__(self, file: BinaryIO, decompressor: Callable[[], Decompressor] | None = None) -> None:
        self._file = file
        self._decompressor = decompressor() if decompressor else None
        self._given = 0

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, at least one unless it is at its end.

        Raises:
            Refused: If it is damaged, ends too early or grows like a bomb.
        """
        if self._decompressor is None:
            return self._file.read(size)
        data = self._decompressed(self._decompressor, size)
        self._given += len(data)
        check_growth(self._given, self._file.tell())
        return data

    def exactly(self, size: int) -> bytes:
        """``size`` bytes; for small sizes.

        Raises:
            Refused: If there are fewer.
        """
        parts = []
        while size:
            parts.append(self.read(min(size, CHUNK_BYTES)))
            if not parts[-1]:
                raise TRUNCATED
            size -= len(parts[-1])
        return b"".join(parts)

    def _decompressed(self, source: Decompressor, size: int) -> bytes:
        while not source.eof:
            more = self._file.read(CHUNK_BYTES) if source.needs_input else b""
            ended = source.needs_input and not more
            try:
                data = source.decompress(more, size)
            except (OSError, zlib.error) as reason:
                raise Refused(f"its compression is damaged: {reason}") from None
            if data:
                return data
            if ended and not source.eof:
                raise TRUNCATED
        if source.unused_data or self._file.read(1):
            raise Refused("something follows its end")
        return b""


def bunzip2() -> Decompressor:
    """A decompressor of one bzip2 stream."""
    return bz2.BZ2Decompressor()
