"""A sound tracker, and the same with faults planted that the kit has to catch."""

import csv
import json
from collections import defaultdict
from pathlib import Path

from pydantic import BaseModel

from digits_core.contracts.tracker import Tracker
from digits_core.events.series import series


class NoParams(BaseModel):
    """No settings."""


class Lines(Tracker):
    """A line per value: its name, its step and itself."""

    name = "lines"
    Params = NoParams

    def __init__(self, params):
        self.rows = []

    def begin(self, job, mark):
        self.path = self.folder(job) / "lines.csv"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.go_back(mark)
        return str(self.path.parent)

    def folder(self, job):
        return job.folder / self.name

    def go_back(self, mark):
        with open(self.path, "ab") as stream:
            stream.truncate(mark.get("size", 0))

    def receive(self, recorded):
        self.rows += [(name, recorded.fact.step, value) for name, value in series(recorded.fact).items()]

    def flush(self):
        with open(self.path, "a", newline="") as stream:
            csv.writer(stream).writerows(self.rows)
        self.rows = []
        return {"size": self.path.stat().st_size}

    def close(self):
        pass


class NeverGoesBack(Lines):
    def go_back(self, mark):
        pass


class StartsAnew(Lines):
    def go_back(self, mark):
        self.path.unlink(missing_ok=True)


class WritesAtItsEnd(Lines):
    def flush(self):
        return {"size": self.path.stat().st_size}

    def close(self):
        super().flush()


class LosesTheLast(Lines):
    def receive(self, recorded):
        if recorded.fact.kind != "validated":
            super().receive(recorded)


class Sprawls(Lines):
    def folder(self, job):
        return job.folder / "elsewhere"


class Moves(Lines):
    def folder(self, job):
        return job.folder / self.name / str(sum(1 for _ in job.folder.glob("lines/*")))

    def go_back(self, mark):
        before = sorted(self.path.parent.parent.glob("*/lines.csv"))
        self.path.write_bytes(before[-1].read_bytes()[: mark.get("size", 0)] if before else b"")


class KeepsAnObject(Lines):
    def flush(self):
        return {**super().flush(), "path": self.path}


class Picky(Lines):
    def receive(self, recorded):
        assert hasattr(recorded.fact, "step"), "expected a step"
        super().receive(recorded)


class KeepsTheOlder(Lines):
    def flush(self):
        there = {line.rpartition(",")[0] for line in self.path.read_text().splitlines()}
        self.rows = [row for row in self.rows if f"{row[0]},{row[1]}" not in there]
        return super().flush()


class Undescribed(Lines):
    class Params(BaseModel):
        colour: str = "red"


def read(where):
    """Curves of the file in a folder."""
    curves = defaultdict(list)
    with open(Path(where) / "lines.csv", newline="") as stream:
        for name, step, value in csv.reader(stream):
            curves[name].append((int(step), json.loads(value)))
    return curves


FAULTS = {kind.__name__: kind for kind in (Lines, *Lines.__subclasses__())}
