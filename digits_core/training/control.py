"""What a person wants of a running worker: files in the job folder, and the signal to end."""

from __future__ import annotations

import signal
import time
from types import FrameType

from digits_core.store.job import JobFolder, Wish

#: Seconds between two looks into the folder.
_LOOK_SECONDS = 0.1


class Control:
    """Listens while training goes on.

    Args:
        job: The job's folder.
    """

    def __init__(self, job: JobFolder) -> None:
        self._job = job
        self._wish: Wish | None = None
        self._looked = float("-inf")

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

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        self._wish = "pause"
