"""The tracker contract: what happens in a job, told to another system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from pydantic import BaseModel

from digits_core.events.journal import Recorded
from digits_core.graph.graph import Graph

#: Plain data by which a tracker finds again what it has written, and how far.
Mark: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrackedJob:
    """The job that is followed.

    Attributes:
        id: Its id.
        folder: Its folder; a tracker writes only into ``folder / name`` in it, or where its settings say.
        shared: A folder of the tracker's own for all jobs of the home; whoever needs it makes it.
        request: What was asked for, plain data as in ``job.json``.
        graph: The network.
    """

    id: str
    folder: Path
    shared: Path
    request: Mapping[str, Any]
    graph: Graph


class Tracker(ABC):
    """Follows one job, in a process of its own: what it raises is noted, and a tracker that hangs is left.

    Facts come in the order of the journal. Each comes once, however often the job or the machine is killed, as long as
    the tracker goes back to its mark: what came after the last `flush` whose mark was kept comes again. `Params` is a
    pydantic model; its field descriptions are the tracker's documentation. A module that holds a tracker is imported
    to check them, so what is heavy is imported in `begin`.

    Args:
        params: Its settings, checked against `Params`.
    """

    name: ClassVar[str]
    Params: ClassVar[type[BaseModel]]
    #: Which of `Params` say where it writes or whom it tells: they are for the settings of the home, not for a job.
    of_home: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def __init__(self, params: Any) -> None: ...

    @abstractmethod
    def begin(self, job: TrackedJob, mark: Mark) -> str:
        """The job begins, or goes on.

        Args:
            job: Which one.
            mark: What `flush` gave last; empty where the job is new to the tracker. Whatever was written later is to
                be taken back, or to be left out when it comes again.

        Returns:
            Where a person finds what is written: a folder or an address.
        """

    @abstractmethod
    def receive(self, recorded: Recorded) -> None:
        """Something happened."""

    @abstractmethod
    def flush(self) -> Mark:
        """Write everything that was received, so that it survives this process; called every second or so."""

    @abstractmethod
    def close(self) -> None:
        """The run has ended, or the tracker is given up; called once, after the last `flush`."""
