"""Event files for TensorBoard."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from digits_core.contracts.tracker import Mark, TrackedJob, Tracker
from digits_core.events.facts import LastWord, Noted, RunFinished, RunStarted, TrainingLogged
from digits_core.events.journal import Recorded
from digits_core.events.series import series
from digits_core.spec.paths import expanded

if TYPE_CHECKING:
    from digits_trackers.tensorboard_records import EventFile

#: The loss of each single step; `train/loss` is the mean since the last value.
STEP_LOSS = "train/step_loss"


class TensorBoardParams(BaseModel):
    """Settings of tracker tensorboard."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    folder: Path | None = Field(default=None)
    """Folder with a folder per job; empty: ``tensorboard`` in the folder of each job."""


class TensorBoardTracker(Tracker):
    """Writes an event file per run.

    Exact: its mark is the newest file and its size; what was written after it is cut off. Where a resumed run does
    steps again, TensorBoard is told to forget those of the run before.
    """

    name: ClassVar = "tensorboard"
    Params: ClassVar = TensorBoardParams
    of_home: ClassVar = frozenset({"folder"})

    def __init__(self, params: TensorBoardParams) -> None:
        self._params = params
        self._step = 0

    def begin(self, job: TrackedJob, mark: Mark) -> str:
        """Cut off what is to come again, and begin a new file."""
        # Imported here: settings are checked without tensorboard, whose import takes a while.
        from digits_trackers.tensorboard_records import EventFile

        own = self._params.folder
        folder = expanded(own) / job.id if own else job.folder / self.name
        folder.mkdir(parents=True, exist_ok=True)
        before = folder / mark["file"] if mark else None
        if before is not None and before.exists():
            with open(before, "r+b") as stream:
                stream.truncate(min(mark["size"], before.stat().st_size))
        self._job, self._described, self._step = job, mark.get("described", False), mark.get("step", 0)
        self._count = mark.get("count", 0) + 1
        self._file: EventFile = EventFile(folder, f"{socket.gethostname()}.{self._count:05d}")
        return str(folder)

    def receive(self, recorded: Recorded) -> None:
        """Write the values of a fact, and what they are about."""
        moment, fact = recorded
        if not self._described:
            self._file.describe(moment, self._job)
            self._described = True
        for name, value in series(fact).items():
            self._file.scalar(moment, fact.step, name, value)
        match fact:
            case RunStarted(step=step):
                self._step = step
                self._file.forget_after(moment, step)
            case TrainingLogged(step=step, losses=losses):
                self._step = step
                for number, loss in enumerate(losses, step - len(losses) + 1):
                    self._file.scalar(moment, number, STEP_LOSS, loss)
            case Noted(message=message):
                self._file.text(moment, self._step, "notes", message)
            case _ if isinstance(fact, LastWord):
                self._file.ended(moment, self._step, well=isinstance(fact, RunFinished))

    def flush(self) -> Mark:
        """Everything is in the file."""
        size = self._file.flush()
        place = {"file": self._file.path.name, "size": size, "count": self._count}
        return {**place, "step": self._step, "described": self._described}

    def close(self) -> None:
        """End the file."""
        self._file.close()
