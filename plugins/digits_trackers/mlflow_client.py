"""One run of MLflow, through its client."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from digits_core.graph.draw import draw
from digits_core.graph.graph import Graph

#: (name, value, seconds since the epoch, step)
Point: TypeAlias = tuple[str, float, float, int]
#: What older servers take at most: values and parameters in one request, and letters of a parameter.
MOST_VALUES, MOST_PARAMETERS, MOST_LETTERS = 1000, 100, 500


class Remote:
    """A run of MLflow.

    Args:
        uri: The store.
        experiment: Name of the experiment, made where it is not there.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self._uri = uri
        self._client = MlflowClient(tracking_uri=uri)
        self._experiment = self._find_experiment(experiment)
        self._attached: dict[str, Any] = {}
        self._there: set[tuple[str, int, int]] = set()
        self.run = ""

    @property
    def address(self) -> str:
        """Where a person finds the run."""
        path = f"{self._experiment}/{self.run}"
        if self._uri.startswith("file:"):
            return str(Path(unquote(urlsplit(self._uri).path)) / path)
        if self._uri.startswith("http"):
            return f"{self._uri.rstrip('/')}/#/experiments/{self._experiment}/runs/{self.run}"
        return f"{self._uri}#{path}"

    def find(self, tags: Mapping[str, str]) -> str | None:
        """Id of the run with all of ``tags``; None where there is none."""
        words = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        found = self._client.search_runs([self._experiment], words, max_results=1)
        return found[0].info.run_id if found else None

    def create(self, name: str, tags: Mapping[str, str]) -> None:
        """Make a run."""
        tags = {"mlflow.source.name": "digits", **tags}
        self.run = self._client.create_run(self._experiment, run_name=name, tags=tags).info.run_id

    def open(self, run: str) -> bool:
        """Go on with a run, whose values are then left out when they come again; False where it is gone."""
        try:
            found = self._client.get_run(run)
        except MlflowException:
            return False
        if found.info.lifecycle_stage != "active":
            return False
        self.run, self._experiment = run, found.info.experiment_id
        for name in found.data.metrics:
            history = self._client.get_metric_history(run, name)
            self._there |= {(name, point.timestamp, point.step) for point in history}
        return True

    def describe(self, parameters: Mapping[str, Any], request: Mapping[str, Any], graph: Graph) -> None:
        """What was asked, where the run does not say so yet."""
        known = self._client.get_run(self.run).data.params
        new = [Param(name, str(value)[:MOST_LETTERS]) for name, value in parameters.items() if name not in known]
        for start in range(0, len(new), MOST_PARAMETERS):
            self._client.log_batch(self.run, params=new[start : start + MOST_PARAMETERS])
        if not known:
            self._client.log_dict(self.run, dict(request), "job.json")
            self._client.log_text(self.run, draw(graph).svg(), "network.svg")

    def log(self, points: Sequence[Point]) -> None:
        """Write values, each once."""
        metrics = [Metric(name, value, round(moment * 1000), step) for name, value, moment, step in points]
        new = [metric for metric in metrics if (metric.key, metric.timestamp, metric.step) not in self._there]
        for start in range(0, len(new), MOST_VALUES):
            part = new[start : start + MOST_VALUES]
            self._client.log_batch(self.run, metrics=part)
            self._there |= {(metric.key, metric.timestamp, metric.step) for metric in part}

    def attach(self, file: str, data: Sequence[Any]) -> None:
        """Write a list as an artifact, where it has grown."""
        if self._attached.get(file) != len(data):
            self._client.log_dict(self.run, list(data), file)
            self._attached[file] = len(data)

    def tag(self, tags: Mapping[str, str]) -> None:
        """Write tags."""
        if tags:
            self._client.log_batch(self.run, tags=[RunTag(name, value) for name, value in tags.items()])

    def say(self, status: str, moment: float) -> None:
        """How the run stands."""
        if status in ("RUNNING", "SCHEDULED"):
            self._client.update_run(self.run, status=status)
        else:
            self._client.set_terminated(self.run, status=status, end_time=round(moment * 1000))

    def _find_experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is None:
            # Jobs that begin together make it together.
            with contextlib.suppress(MlflowException):
                return str(self._client.create_experiment(name))
            found = self._client.get_experiment_by_name(name)
        if found is None:
            raise ValueError(f"MLflow at {self._uri} has no experiment {name!r}, and makes none.")
        return str(found.experiment_id)
