"""The reading end of a journal that is still being written."""

from __future__ import annotations

from pathlib import Path

from digits_core.events.journal import Recorded, parse_lines


class Follower:
    """Reads each fact of a journal once.

    Args:
        path: The journal; it need not exist yet.
        cursor: Byte to start from, as `cursor` of an earlier follower gave it.
    """

    def __init__(self, path: Path, cursor: int = 0) -> None:
        self.path = path
        #: Byte up to which the journal has been read.
        self.cursor = cursor

    def poll(self) -> list[Recorded]:
        """Facts written since the last call; a line that is not finished yet waits for the next."""
        try:
            with open(self.path, "rb") as stream:
                stream.seek(self.cursor)
                data = stream.read()
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self.cursor += len(complete)
        return parse_lines(complete)
