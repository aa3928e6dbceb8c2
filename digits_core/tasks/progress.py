"""How far a job that trains nothing is: told in its journal, where its end is asked for too."""

from __future__ import annotations

import time

from digits_core.dataset.progress import Progress
from digits_core.events.facts import Progressed, RunAborted, RunFinished, RunPaused, RunStarted
from digits_core.store.job import JobFolder, Wish
from digits_core.training.control import Control

#: Seconds between two facts about progress.
TELL_S = 1.0


class Stopped(Exception):
    """A person wants the work to end.

    Args:
        wish: What was asked for.
    """

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish)
        self.wish = wish


class JournaledProgress:
    """Progress that goes into the journal, and on to who watches; ends the work when somebody asks.

    Args:
        job: The job.
        control: What a person wants of it.
        watching: Is told the same.
        computes: What computes, ``onnx`` or a backend; empty: nothing does.
    """

    def __init__(self, job: JobFolder, control: Control, watching: Progress, computes: str = "") -> None:
        self._job, self._control, self._watching, self._computes = job, control, watching, computes
        run = job.run()
        self._run, self._devices = (run.number, run.devices) if run else (0, ())
        self._done, self._began, self._running = 0, time.monotonic(), False
        self._told = self._began

    def begin(self, total: int = 0) -> None:
        """Say that the run begins, and how much there is to do; 0: nobody knows yet."""
        self._running = True
        self._job.journal.append(RunStarted(self._run, self._computes, self._devices, 0, total, total))

    def start(self, total: int, what: str) -> None:
        """Say how much there is to do, or how much of another part of the work."""
        self._done, self._began = 0, time.monotonic()
        self._told = self._began
        if self._running:
            self._job.journal.append(Progressed(0, total, what))
        else:
            self.begin(total)
        self._watching.start(total, what)

    def tell(self, what: str) -> None:
        """Say what is done now, of which nobody knows how far it is.

        Raises:
            Stopped: If it was asked to end.
        """
        self._require_wanted()
        self._control.beat()
        self._job.journal.append(Progressed(self._done, doing=what))

    def advance(self, count: int) -> None:
        """Say how far it is, once a second.

        Raises:
            Stopped: If it was asked to end.
        """
        self._require_wanted()
        self._done += count
        self._watching.advance(count)
        self._control.beat()
        if time.monotonic() - self._told >= TELL_S:
            self._told = time.monotonic()
            self._job.journal.append(Progressed(self._done))

    def _require_wanted(self) -> None:
        if wish := self._control.wish():
            raise Stopped(wish)

    def finish(self) -> None:
        """Say the last word after a good end."""
        seconds = max(time.monotonic() - self._began, 1e-9)
        self._job.journal.append(RunFinished(self._done, "completed", self._done / seconds, 0.0, self._run))

    def stop(self, stopped: Stopped) -> None:
        """Say the last word after an end that was asked for."""
        word = RunAborted if stopped.wish == "abort" else RunPaused
        self._job.journal.append(word(self._done, self._run))
        self._job.clear_asked()
