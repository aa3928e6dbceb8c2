"""The folder of a job: what was asked, what runs, what a person wants of it.

::

    jobs/ID/
      job.json       the frozen request                      graph.json     the network, every shape known; not of tasks
      run.json       the run that is, or was last, started   process.json   the process that carries it
      events.jsonl   the journal                             log.txt        what the worker printed
      control/       files `pause` and `abort`               snapshots/     see `digits_core.store.snapshots`
      start.*        what it starts from, if that is a model: see `digits_core.store.start`
      trackers/      who else is told: see `digits_core.store.tracking`
      nodes/         where the machines of a run met, if there are several
      about.json     what people say about it, if they do: see `digits_core.store.about`
      rate.json      how its learning rate was found, if it was     rate.svg       the same as a picture
      result.json    what a job came to that trains nothing         result.zip     the files of it, if there are any
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from digits_core.contracts.launcher import Handle
from digits_core.disk import new_folder, storage_errors, write_file
from digits_core.errors import NameTaken, NameUnknown, NetworkInvalid, RequestWrong, SpecInvalid, StateConflict
from digits_core.events.journal import Journal
from digits_core.spec.dataset import PictureForm
from digits_core.spec.files import dump_json
from digits_core.spec.job import JobSpec
from digits_core.spec.model import Name, Spec, parse
from digits_core.spec.subject import Subject
from digits_core.spec.task import TASKS, TaskKind, TaskSpec
from digits_core.spec.trackers import Trackers
from digits_core.store.home import Home
from digits_core.store.start import StartRecord, write_start

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays
    from digits_core.graph.graph import Graph

#: What a person may want of a running job.
Wish = Literal["pause", "abort", "stop"]


class JobRequest(Spec):
    """What a job was asked to do; never changed."""

    id: Name
    """Name of the job's folder."""
    created: str
    """Moment of the request, ISO 8601, UTC."""
    spec: JobSpec
    """The request, its name filled in."""
    dataset_version: str
    """Version of the dataset, for example ``v0001``; empty as long as the dataset is being made."""
    dataset_digest: str
    """Digest of that version."""
    labels: tuple[str, ...]
    """Names of the classes, by number."""
    picture: PictureForm
    """The form of the dataset's pictures."""
    backend: str
    """The backend that ``auto`` was resolved to."""


class TaskRequest(Spec):
    """A job that trains nothing: a dataset is to be made, a model to be scored or exported, and so on."""

    kind: TaskKind
    """What it is; the request of a job that trains has no such field."""
    id: Name
    """Name of the job's folder."""
    created: str
    """Moment of the request, ISO 8601, UTC."""
    spec: TaskSpec
    """What was asked for."""

    @field_validator("spec", mode="before")
    @classmethod
    def _is_of_its_kind(cls, value: object, info: ValidationInfo) -> object:
        # Requests of two kinds may have the same keys.
        task = TASKS.get(info.data.get("kind", ""))
        return task.spec.model_validate(value) if task else value

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return self.spec.subject


class RunRequest(Spec):
    """One run of a job: an attempt to bring it to its end."""

    number: int = 1
    """Which run of the job it is, from 1."""
    backend: str
    """Backend of this run; it may differ from that of the run before."""
    wanted: str = "auto"
    """Devices that were asked for; empty: it needs none, and waits for none."""
    awaits: str = ""
    """The job that makes the dataset, where that is not there yet: this one waits for it, and has no network before."""
    trains: bool = True
    """Whether it trains; else it does what its request says."""
    attached: bool = False
    """Whether the command that asked for it carries it itself; nobody else starts or kills it."""
    processes: tuple[tuple[str, ...], ...] = ()
    """For each process the ids of the devices that it was given; none: it waits for them."""
    priority: int = 0
    """Higher ones are started first."""
    ticket: int = 0
    """Place in the queue: lower ones are started first among equal priorities."""
    retries: int = 0
    """How many more times it is to be started by itself when it fails."""
    nodes: int = Field(default=1, ge=1)
    """Machines that train together; the devices above are those of the first."""
    coordinator: str = ""
    """With several machines: where the others find the first, host or ``host:port``."""
    trackers: Trackers = Field(default_factory=dict)
    """Who else is told what happens in it, with their settings."""
    host: str = ""
    """With several machines: the first one's own name; nobody else starts it."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Ids of all devices that it was given."""
        return tuple(id for process in self.processes for id in process)


class JobFolder:
    """A job's folder; every method reads or writes the disk.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(
        cls,
        home: Home,
        request: JobRequest | TaskRequest,
        graph: Graph | None,
        run: RunRequest | None = None,
        start: tuple[StartRecord, Arrays] | None = None,
    ) -> JobFolder:
        """Make the folder of a new job, complete or not at all.

        Args:
            home: Where it is to be.
            request: What is asked.
            graph: The network; None where there is none, or none yet.
            run: The first run, which waits for its turn from the moment the folder is there.
            start: What it starts from, and the weights; empty: it starts as a new network does.

        Raises:
            NameTaken: If there is a job of that id.
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        from digits_core.graph.codec import encode

        path = home.job_folder(request.id)
        try:
            with new_folder(path) as folder:
                (folder / "job.json").write_text(dump_json(request.model_dump(mode="json")), encoding="utf-8")
                if graph is not None:
                    (folder / "graph.json").write_text(dump_json(encode(graph)), encoding="utf-8")
                if run is not None:
                    (folder / "run.json").write_text(dump_json(run.model_dump(mode="json")), encoding="utf-8")
                if start is not None:
                    write_start(folder, *start)
                (folder / "control").mkdir()
                (folder / "snapshots").mkdir()
        except FileExistsError:
            raise NameTaken(f"A job {request.id!r} exists already.", hint="Choose another name.") from None
        return cls(path)

    @property
    def id(self) -> str:
        """The job's id, the name of its folder."""
        return self.path.name

    @property
    def home(self) -> Home:
        """The home that the job is in."""
        return Home(self.path.parent.parent)

    @property
    def journal(self) -> Journal:
        """Where facts of the job are written."""
        return Journal(self.path / "events.jsonl")

    @property
    def log_path(self) -> Path:
        """What the worker prints."""
        return self.path / "log.txt"

    @property
    def beat_path(self) -> Path:
        """A file that is touched while training goes on."""
        return self.path / "beat"

    @property
    def alive_path(self) -> Path:
        """A file that is touched while somebody watches over the run."""
        return self.path / "alive"

    @property
    def usage_path(self) -> Path:
        """What its processes and devices were busy with, second by second."""
        return self.path / "usage.jsonl"

    @property
    def rate_path(self) -> Path:
        """How its learning rate was found, if it was; ``.svg`` beside it is a picture of that."""
        return self.path / "rate.json"

    @property
    def snapshots_folder(self) -> Path:
        """Where its snapshots are."""
        return self.path / "snapshots"

    def request(self) -> JobRequest:
        """What a job that trains was asked.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it trains nothing.
            SpecInvalid: If the file does not say what it should.
        """
        whole = self.whole_request()
        if isinstance(whole, TaskRequest):
            does = TASKS[whole.kind].does
            raise StateConflict(f"Job {self.id} {does} and trains nothing.", hint="Name a job that trains.")
        return whole

    def task(self) -> TaskRequest:
        """What a job that trains nothing was asked.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it trains.
            SpecInvalid: If the file does not say what it should.
        """
        whole = self.whole_request()
        if isinstance(whole, JobRequest):
            raise StateConflict(f"Job {self.id} trains.", hint="Name a job that does not.")
        return whole

    def whole_request(self) -> JobRequest | TaskRequest:
        """What was asked, whatever kind of job it is.

        Raises:
            NameUnknown: If there is no such job.
            SpecInvalid: If the file does not say what it should.
        """
        data, where = self._read("job.json"), str(self.path / "job.json")
        if isinstance(data, dict) and "kind" in data:
            return parse(TaskRequest, data, where=where)
        return parse(JobRequest, data, where=where)

    def write_request(self, request: JobRequest) -> None:
        """Say what was asked under another name, or with what has become known about its dataset."""
        write_file(self.path / "job.json", dump_json(request.model_dump(mode="json")))

    def write_graph(self, graph: Graph) -> None:
        """Give a job the network that it waited for."""
        from digits_core.graph.codec import encode

        write_file(self.path / "graph.json", dump_json(encode(graph)))

    def graph(self) -> Graph:
        """The network.

        Raises:
            NetworkInvalid: If the file does not describe one.
        """
        from digits_core.graph.codec import decode
        from digits_core.graph.native import JOB_OPS

        return decode(self._read("graph.json", NetworkInvalid), where=str(self.path / "graph.json"), ops=JOB_OPS)

    def network_name(self) -> str:
        """The network's name, for whoever does not need to know what it is made of.

        Raises:
            NetworkInvalid: If the file names none.
        """
        data = self._read("graph.json", NetworkInvalid)
        name = data.get("name") if isinstance(data, dict) else None
        if not isinstance(name, str):
            where = str(self.path / "graph.json")
            raise NetworkInvalid(
                f"Job {self.id}: graph.json is expected to name a network, found {name!r}.", where=where
            )
        return name

    def run(self) -> RunRequest | None:
        """The run that was started last; None before the first."""
        if not (self.path / "run.json").exists():
            return None
        return parse(RunRequest, self._read("run.json"), where=str(self.path / "run.json"))

    def write_run(self, run: RunRequest) -> None:
        """Say what the next worker is to do; written by whoever starts it."""
        write_file(self.path / "run.json", dump_json(run.model_dump(mode="json")))

    def process(self) -> Handle | None:
        """The process of the last run; None where none was started."""
        if not (self.path / "process.json").exists():
            return None
        data = self._read("process.json")
        return Handle(int(data["pid"]), float(data["started"]), str(data.get("host", "")), int(data.get("run", 0)))

    def write_process(self, handle: Handle) -> None:
        """Remember the process that carries the run."""
        write_file(self.path / "process.json", dump_json(dataclasses.asdict(handle)))

    def ask(self, wish: Wish) -> None:
        """Ask the worker to pause or abort, at its next step; ``stop`` says that its end was wanted by who kills it."""
        with storage_errors(f"the request to {wish}"):
            (self.path / "control").mkdir(exist_ok=True)
            (self.path / "control" / wish).touch()

    def asked(self) -> frozenset[str]:
        """What was asked and not cleared."""
        return frozenset(wish for wish in get_args(Wish) if (self.path / "control" / wish).exists())

    def clear_asked(self) -> None:
        """Forget what was asked: done by a worker that has answered, and by whoever starts the next."""
        for wish in get_args(Wish):
            (self.path / "control" / wish).unlink(missing_ok=True)

    def _read(self, file: str, error: type[RequestWrong] = SpecInvalid) -> Any:
        path = self.path / file
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError:
            raise NameUnknown(f"Job {self.id}: {file} is missing.", where=str(self.path)) from None
        except (OSError, ValueError) as reason:
            raise error(f"Job {self.id}: {file} cannot be read: {reason}.", where=str(path)) from None
