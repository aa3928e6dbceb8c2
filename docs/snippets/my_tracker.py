"""A plugin that keeps a diary of validations."""

from pydantic import BaseModel, Field

from digits_core.contracts.entry import Entry
from digits_core.contracts.tracker import Mark, TrackedJob, Tracker
from digits_core.events.journal import Recorded
from digits_core.events.series import series
from digits_core.hooks import hookimpl


class DiaryParams(BaseModel):
    title: str = Field(default="Diary", description="First line of the diary.")


class Diary(Tracker):
    name = "diary"
    Params = DiaryParams

    def __init__(self, params: DiaryParams) -> None:
        self._title = params.title

    def begin(self, job: TrackedJob, mark: Mark) -> str:
        folder = job.folder / self.name
        folder.mkdir(exist_ok=True)
        self._stream = open(folder / "diary.txt", "ab")
        self._stream.seek(self._stream.truncate(mark.get("size", 0)))
        if not mark:
            self._stream.write(f"{self._title}\n".encode())
        return str(folder)

    def receive(self, recorded: Recorded) -> None:
        for name, value in series(recorded.fact).items():
            self._stream.write(f"{recorded.fact.step} {name} {value}\n".encode())

    def flush(self) -> Mark:
        self._stream.flush()
        return {"size": self._stream.tell()}

    def close(self) -> None:
        self._stream.close()


@hookimpl
def digits_trackers() -> list[Entry]:
    return [Entry("diary", "my_tracker:Diary", "A line per value.")]
