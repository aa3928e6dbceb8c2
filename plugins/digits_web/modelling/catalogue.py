"""What there is to choose from; looked up once where it stays the same."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from digits_core.service.views.networks import SizedFamilyView
from digits_web.modelling.vocabulary import vocabulary
from digits_web.web import Web


class Catalogue:
    """What every reader of the page may choose from.

    Args:
        web: The server.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        self._sized: dict[str, tuple[SizedFamilyView, ...]] = {}

    @cached_property
    def form(self) -> dict[str, Any]:
        """The JSON schema of a request."""
        return self._web.digits.job_form()

    @cached_property
    def words(self) -> dict[str, Any]:
        """What can be written in a network file."""
        return vocabulary(self._web.digits.network_schema())

    @cached_property
    def families(self) -> frozenset[str]:
        """Names of standard networks."""
        return frozenset(family.name for family in self._web.digits.networks())

    def networks(self, dataset: str) -> tuple[SizedFamilyView, ...]:
        """Standard networks, as large as they are for a dataset; empty: for their usual input."""
        digest = self._web.digits.dataset(dataset).digest if dataset else ""
        if digest not in self._sized:
            self._sized[digest] = self._web.digits.sized_networks(dataset or None)
        return self._sized[digest]

    def datasets(self) -> dict[str, str]:
        """Datasets by name, each with what is in it."""
        found = {}
        for manifest in self._web.digits.datasets():
            height, width, channels = manifest.size
            colour = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
            classes = len(manifest.classes)
            found[manifest.name] = f"{manifest.name} · {classes} classes · {width} × {height} {colour}"
        return found

    def jobs(self) -> dict[str, str]:
        """Training jobs, newest first, each with what it trained."""
        jobs = [job for job in self._web.jobs() if job.kind == "train"]
        return {job.job: f"{job.job} · {job.network} on {job.dataset} · {job.state}" for job in reversed(jobs)}

    def models(self) -> dict[str, str]:
        """Models to start from: jobs that have a snapshot, newest first, and imported models."""
        found = {}
        for job in reversed(self._web.jobs()):
            if job.kind == "train" and job.snapshots:
                accuracy = job.best.metrics.get("val/accuracy") if job.best else None
                score = f" · {accuracy:.1%} right" if accuracy is not None else ""
                found[f"{job.job}@best"] = f"{job.job} · {job.network} on {job.dataset}{score}"
        for model in self._web.digits.models():
            found[model.name] = f"{model.name} · {model.network}, imported"
        return found
