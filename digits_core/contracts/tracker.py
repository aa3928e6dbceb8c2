"""The tracker contract: what happens in a job, told to another system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from digits_core.events.facts import Fact


@dataclass(frozen=True, slots=True)
class TrackedJob:
    """The job that is followed.

    Attributes:
        id: Its id.
        folder: Its folder; a tracker writes only into a folder of its own in it, or where its settings say.
        request: What was asked for, plain data.
        settings: The tracker's own settings.
    """

    id: str
    folder: Path
    request: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)


class Tracker(ABC):
    """Follows one job; whatever it raises is noted and never touches training."""

    name: ClassVar[str]

    @abstractmethod
    def begin(self, job: TrackedJob) -> None:
        """The job begins, or goes on after a pause."""

    @abstractmethod
    def receive(self, fact: Fact) -> None:
        """Something happened."""

    @abstractmethod
    def close(self) -> None:
        """The run has ended; everything is written."""
