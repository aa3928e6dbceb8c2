"""Training and validations as CSV, a file for each."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from digits_core.contracts.tracker import Mark, TrackedJob, Tracker
from digits_core.events.facts import RunStarted, TrainingLogged, Validated
from digits_core.events.journal import Recorded
from digits_core.events.series import series
from digits_core.spec.paths import expanded

#: File of each kind of fact that has one.
FILES: dict[type, str] = {TrainingLogged: "training.csv", Validated: "validation.csv"}


class CsvParams(BaseModel):
    """Settings of tracker csv."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    folder: Path | None = Field(default=None)
    """Folder with a folder per job; empty: ``csv`` in the folder of each job."""


class CsvTracker(Tracker):
    """Appends a row per fact: ``time`` (seconds since the epoch), ``run``, ``step``, ``epoch`` and the values.

    Exact: its mark is the size of each file, and what was written after it is cut off, torn lines with it. Steps that a
    resumed run does again have a row of each run.
    """

    name: ClassVar = "csv"
    Params: ClassVar = CsvParams
    of_home: ClassVar = frozenset({"folder"})

    def __init__(self, params: CsvParams) -> None:
        self._params = params
        self._rows: dict[str, list[dict[str, Any]]] = {file: [] for file in FILES.values()}
        self._run = 0

    def begin(self, job: TrackedJob, mark: Mark) -> str:
        """Cut off what is to come again; files of another job of that name are put aside."""
        own = self._params.folder
        self._folder = expanded(own) / job.id if own else job.folder / self.name
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = mark.get("run", 0)
        sizes = mark.get("sizes", {})
        for file in FILES.values():
            path = self._folder / file
            if file in sizes and path.exists():
                with open(path, "r+b") as stream:
                    stream.truncate(min(sizes[file], path.stat().st_size))
            elif path.exists():
                path.rename(_free(path))
        return str(self._folder)

    def receive(self, recorded: Recorded) -> None:
        """Keep the row of a fact, where it has one."""
        fact = recorded.fact
        if isinstance(fact, RunStarted):
            self._run = fact.run
        if isinstance(fact, (TrainingLogged, Validated)):
            place = {"time": recorded.time, "run": self._run, "step": fact.step, "epoch": fact.epoch}
            self._rows[FILES[type(fact)]].append({**place, **_values(fact)})

    def flush(self) -> Mark:
        """Append the rows; the first of a file decides on its columns."""
        sizes = {file: self._append(self._folder / file, rows) for file, rows in self._rows.items()}
        return {"run": self._run, "sizes": sizes}

    def close(self) -> None:
        """Nothing is open between two flushes."""

    def _append(self, path: Path, rows: list[dict[str, Any]]) -> int:
        if rows:
            header = _header(path)
            text = io.StringIO()
            writer = csv.DictWriter(
                text, header or list(rows[0]), restval="", extrasaction="ignore", lineterminator="\n"
            )
            if not header:
                writer.writeheader()
            writer.writerows(rows)
            with open(path, "ab") as stream:
                stream.write(text.getvalue().encode())
                stream.flush()
                os.fsync(stream.fileno())
            rows.clear()
        return path.stat().st_size if path.exists() else 0


def _values(fact: TrainingLogged | Validated) -> dict[str, float]:
    """Values without the name of the split: each file is of one."""
    return {name.removeprefix("train/").removeprefix("val/"): value for name, value in series(fact).items()}


def _header(path: Path) -> list[str]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _free(path: Path) -> Path:
    """A name beside ``path`` that no file has."""
    names = (path.with_suffix(f".{number}{path.suffix}") for number in range(1, 10**6))
    return next(name for name in names if not name.exists())
