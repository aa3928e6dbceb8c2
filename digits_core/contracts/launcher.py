"""The launcher contract: start the worker processes of a job folder somewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

#: Variable of a worker's environment: ``host:port`` of every process of the run, separated by commas.
ADDRESSES = "DIGITS_ADDRESSES"
#: Variable of a worker's environment, where several machines train together: ids of the devices of every process of the
#: run, separated by commas, and processes by semicolons; those of other machines than the first as ``node1/gpu:0``.
DEVICES = "DIGITS_DEVICES"
#: Variable of a worker's environment: set where standard input is a pipe that ends when whoever started it does.
LIFELINE = "DIGITS_LIFELINE"


@dataclass(frozen=True, slots=True)
class Handle:
    """A started run, as plain data that survives its launcher.

    Attributes:
        pid: Process id of the leading process.
        started: Its start time in seconds since the epoch, so that a reused pid is not mistaken for it.
        host: The machine that it runs on.
        run: Number of the run that it carries.
    """

    pid: int
    started: float
    host: str = ""
    run: int = 0


class Launcher(ABC):
    """Starts, watches and ends the processes of one run; parent and child share files only."""

    name: ClassVar[str]

    @abstractmethod
    def start(self, job_folder: Path, run: int) -> Handle:
        """Start what carries run number ``run`` of the job: one leading process, which starts the others.

        Raises:
            StorageUnusable: If the log cannot be written.
        """

    @abstractmethod
    def alive(self, handle: Handle) -> bool:
        """Whether the run's processes still run."""

    @abstractmethod
    def exit_code(self, handle: Handle) -> int | None:
        """How the leading worker ended, negative for a signal; None while it runs and where nobody can know."""

    @abstractmethod
    def stop(self, handle: Handle) -> None:
        """End the whole process group at once."""
