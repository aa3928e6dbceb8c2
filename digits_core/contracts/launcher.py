"""The launcher contract: start the worker processes of a job folder somewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from digits_core.contracts.backend import ProcessLayout


@dataclass(frozen=True, slots=True)
class Handle:
    """A started run, as plain data that survives its launcher.

    Attributes:
        pid: Process id of the leading worker.
        started: Its start time in seconds since the epoch, so that a reused pid is not mistaken for it.
    """

    pid: int
    started: float


class Launcher(ABC):
    """Starts, watches and ends the processes of one run; parent and child share files only."""

    name: ClassVar[str]

    @abstractmethod
    def start(self, job_folder: Path, layout: ProcessLayout) -> Handle:
        """Start ``python -m digits_core.training.worker JOB_FOLDER`` for every process of ``layout``."""

    @abstractmethod
    def alive(self, handle: Handle) -> bool:
        """Whether the run's processes still run."""

    @abstractmethod
    def exit_code(self, handle: Handle) -> int | None:
        """How the leading worker ended, negative for a signal; None while it runs and where nobody can know."""

    @abstractmethod
    def stop(self, handle: Handle) -> None:
        """End the whole process group at once."""
