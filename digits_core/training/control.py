"""What a person wants of a running worker: files in the job folder, and the signal to end."""

from __future__ import annotations

import contextlib
import signal
import time
from types import FrameType

from digits_core.store.job import JobFolder, Wish

#: Seconds between two looks into the folder, and between two signs of life.
_LOOK_SECONDS, _BEAT_SECONDS = 0.1, 1.0


class Control:
    """Listens while training goes on.

    Args:
        job: The job's folder.
    """

    def __init__(self, job: JobFolder) -> None:
        self._job = job
        self._wish: Wish | None = None
        self._looked = self._beaten = float("-inf")

    def listen(self) -> None:
        """Let SIGTERM ask for a pause, and leave SIGINT to the parent, which shares the terminal."""
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wish(self) -> Wish | None:
        """What is wanted now; an abort outweighs a pause."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            asked = self._job.asked()
            self._wish = "abort" if "abort" in asked else "pause" if "pause" in asked else self._wish
        return self._wish

    def beat(self) -> None:
        """Show that training goes on: whoever watches sees the file change."""
        now = time.monotonic()
        if now - self._beaten >= _BEAT_SECONDS:
            self._beaten = now
            with contextlib.suppress(OSError):  # A full disk is told by whoever has something to write.
                self._job.beat_path.touch()

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        self._wish = "pause"
