"""Runs of MLflow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from digits_core.contracts.tracker import Mark, TrackedJob, Tracker
from digits_core.events.facts import (
    LastWord,
    Noted,
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
)
from digits_core.events.journal import Recorded
from digits_core.events.series import series
from digits_trackers.parameters import parameters

if TYPE_CHECKING:
    from digits_trackers.mlflow_client import Point

#: What the last word of a run makes of MLflow's run; one that is paused goes on as the same.
STATUS: dict[type[LastWord], str] = {
    RunFinished: "FINISHED",
    RunFailed: "FAILED",
    RunAborted: "KILLED",
    RunPaused: "SCHEDULED",
}
#: State of the job in words of ours, as tag ``digits.state``.
STATE: dict[type[LastWord], str] = {
    RunFinished: "done",
    RunFailed: "failed",
    RunAborted: "aborted",
    RunPaused: "paused",
}
#: What MLflow's client is told where the environment says nothing: local folders are fine, nobody is told that it is
#: used, and a server that does not answer is no reason to wait for minutes, as the tracker is begun anew later.
ENVIRONMENT = {
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


class MlflowParams(BaseModel):
    """Settings of tracker mlflow."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    uri: str = Field(default="", pattern=r"^$|^(file|https?|sqlite|postgresql|mysql|mssql)(\+\w+)?:|^/")
    """Server, database or folder: http://…, sqlite:///…, an absolute path; empty: ``trackers/mlflow`` in the home."""
    experiment: str = Field(default="digits", min_length=1)
    """Name of the experiment that runs are in."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Tags of the run, besides our own."""


class MlflowTracker(Tracker):
    """Writes a run of MLflow per job, which goes on when the job does.

    Exact: MLflow keeps what it is given, so values that come again, the same name, moment and step, are left out.
    Steps that a resumed run does again are there twice, at different moments.
    """

    name: ClassVar = "mlflow"
    Params: ClassVar = MlflowParams
    of_home: ClassVar = frozenset({"uri"})

    def __init__(self, params: MlflowParams) -> None:
        self._params = params
        self._points: list[Point] = []
        self._tags: dict[str, str] = {}
        self._status: tuple[str, float] | None = None
        self._mark: dict[str, Any] = {}

    def begin(self, job: TrackedJob, mark: Mark) -> str:
        """Find the job's run, or make it."""
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        # Imported here: settings are checked without mlflow, whose import takes seconds.
        from digits_trackers.mlflow_client import Remote

        self._job = job
        self._remote = Remote(_uri(self._params.uri, job.shared), self._params.experiment)
        known = mark.get("run") or self._remote.find(own_tags(job))
        if known is None or not self._remote.open(known):
            self._remote.create(job.id, {**self._params.tags, **own_tags(job)})
        self._remote.describe(parameters(job.request), job.request, job.graph)
        self._mark = {"snapshots": mark.get("snapshots", []), "notes": mark.get("notes", [])}
        return self._remote.address

    def receive(self, recorded: Recorded) -> None:
        """Keep what is to be written of a fact."""
        moment, fact = recorded
        for name, value in series(fact).items():
            self._points.append((metric_name(name), value, moment, fact.step))
        match fact:
            case RunStarted(run=run, backend=backend, devices=devices):
                self._status = ("RUNNING", moment)
                self._tags |= {"digits.state": "running", "digits.run": str(run), "digits.backend": backend}
                self._tags["digits.devices"] = ", ".join(devices)
            case SnapshotSaved(name=name, step=step, epoch=epoch):
                path = str(self._job.folder / "snapshots" / name)
                self._mark["snapshots"].append({"name": name, "step": step, "epoch": epoch, "path": path})
            case Noted(message=message):
                self._mark["notes"].append(message)
            case _ if isinstance(fact, LastWord):
                self._status = (STATUS[type(fact)], moment)
                self._tags["digits.state"] = STATE[type(fact)]
                if isinstance(fact, RunFailed):
                    self._mark["notes"].append(fact.message)

    def flush(self) -> Mark:
        """Send everything: values first, so that a run that is finished has all of them."""
        self._remote.log(self._points)
        self._points.clear()
        for key, file in (("snapshots", "snapshots.json"), ("notes", "notes.json")):
            if self._mark[key]:
                self._remote.attach(file, self._mark[key])
        self._remote.tag(self._tags)
        self._tags = {}
        if self._status:
            self._remote.say(*self._status)
            self._status = None
        return {**self._mark, "run": self._remote.run}

    def close(self) -> None:
        """Nothing is open between two flushes."""


def metric_name(series: str) -> str:
    """A series as MLflow names it: local stores keep ``train/loss`` as a file, which can have nothing beneath it.

    >>> metric_name("train/loss/aux")
    'train/loss.aux'
    """
    split, slash, rest = series.partition("/")
    return split + slash + rest.replace("/", ".")


def own_tags(job: TrackedJob) -> dict[str, str]:
    """Tags by which the run of a job is found again; a later job of the same name has another moment."""
    return {"digits.created": str(job.request["created"]), "digits.dataset": str(job.request["spec"]["dataset"])}


def _uri(given: str, shared: Path) -> str:
    if given and not given.startswith("/"):
        return given
    folder = Path(given) if given else shared
    folder.mkdir(parents=True, exist_ok=True)
    return folder.as_uri()
