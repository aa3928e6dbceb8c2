"""Trackers that go wrong, each in its own way, and one that keeps a diary."""

import os
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from digits_core.contracts.entry import Entry
from digits_core.contracts.tracker import Tracker
from digits_core.hooks import hookimpl


class DiaryParams(BaseModel):
    """Settings of the diary."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    slow: float = Field(default=0.0, ge=0)
    """Seconds per fact."""


class Diary(Tracker):
    """A line per fact; cut back to its mark, as every file can be."""

    name = "diary"
    Params = DiaryParams

    def __init__(self, params):
        self.params = params

    def begin(self, job, mark):
        folder = job.folder / self.name
        folder.mkdir(exist_ok=True)
        self.stream = open(folder / "diary.txt", "a+b")
        self.stream.seek(self.stream.truncate(mark.get("size", 0)))
        return str(folder)

    def receive(self, recorded):
        time.sleep(self.params.slow)
        step = recorded.fact.step if recorded.fact.kind not in {"noted", "program-built"} else ""
        self.stream.write(f"{recorded.fact.kind} {step}\n".encode())

    def flush(self):
        self.stream.flush()
        return {"size": self.stream.tell()}

    def close(self):
        self.stream.close()


class Raises(Diary):
    """Fails at the third fact of every attempt, until a file says that it may go on."""

    name = "raises"
    seen = 0

    def receive(self, recorded):
        self.seen += 1
        if self.seen == 3 and not Path(os.environ["ODD_MENDED"]).exists():
            raise ConnectionError("The other system is away.")
        super().receive(recorded)


class Hangs(Diary):
    """Never comes back from its end."""

    name = "hangs"

    def close(self):
        super().close()
        time.sleep(1000)


class Dies(Diary):
    """Takes its process with it."""

    name = "dies"

    def receive(self, recorded):
        os.abort()


@hookimpl
def digits_trackers():
    kinds = (Diary, Raises, Hangs, Dies)
    return [Entry(kind.name, f"odd:{kind.__name__}", "An odd one.") for kind in kinds]
