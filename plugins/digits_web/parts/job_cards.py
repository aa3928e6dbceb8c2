"""Jobs that run or wait, as cards: how far, how fast, how much longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nicegui import ui

from digits_core.service.views.jobs import JobView
from digits_web.parts.job_facts import described, measured, progress, speed, work_done
from digits_web.parts.numbers import percent
from digits_web.parts.sparkline import Bar, Sparkline
from digits_web.parts.times import duration


class JobCards:
    """A card for every job; told again and again, changes only what is new."""

    def __init__(self) -> None:
        self._place = ui.element("div").classes("digits-grid")
        self._cards: dict[str, _Card] = {}

    def show(self, jobs: Sequence[JobView], losses: Mapping[str, Sequence[float]]) -> None:
        """Show these.

        Args:
            jobs: What runs or waits.
            losses: For a job its losses, oldest first, where they are known.
        """
        if [job.job for job in jobs] != list(self._cards):
            self._place.clear()
            with self._place:
                self._cards = {job.job: _Card(job) for job in jobs}
        for job in jobs:
            self._cards[job.job].show(job, losses.get(job.job, ()))


class _Card:
    def __init__(self, job: JobView) -> None:
        with _section(job):
            with ui.element("div").classes("digits-spread"):
                ui.link(job.name, f"/jobs/{job.job}").classes("digits-name digits-truncate")
                self._state = ui.label().classes("digits-state")
            ui.label(_what(job)).classes("digits-soft digits-small digits-truncate")
            self._line = Sparkline(f"Loss of {job.name}")
            self._bar = Bar(f"Progress of {job.name}")
            with ui.element("div").classes("digits-spread digits-small"):
                self._far = ui.label().classes("digits-number")
                self._left = ui.label().classes("digits-soft digits-number")
            self._scores = ui.label().classes("digits-soft digits-small")

    def show(self, job: JobView, losses: Sequence[float]) -> None:
        if self._state.text != job.state:
            self._state.text = job.state
            self._state.props["data-state"] = job.state
        self._line.show(losses)
        self._line.set_visibility(len(losses) > 1)
        self._bar.show(progress(job))
        self._bar.set_visibility(job.state != "queued")
        for label, text in ((self._far, far(job)), (self._left, left(job)), (self._scores, scores(job))):
            if label.text != text:
                label.text = text


def _section(job: JobView) -> ui.element:
    section = ui.element("section").classes("digits-card digits-brief")
    section.props["aria-label"] = f"Job {job.name}"
    return section


def _what(job: JobView) -> str:
    words = (described(job), job.network, job.dataset, job.backend)
    return " · ".join(filter(None, (*words, ", ".join(job.devices))))


def far(job: JobView) -> str:
    """How far a job is, in words."""
    if job.state == "queued":
        place = f"number {job.queue_position} in the queue" if job.queue_position else "waits"
        return f"{place}: {job.waits_for}" if job.waits_for else place
    if job.kind == "train":
        return f"{progress(job):.0f} % · epoch {job.epoch:.2f} of {job.epochs:g}"
    return work_done(job) if job.doing else f"{progress(job):.0f} %"


def left(job: JobView) -> str:
    """How much longer a job takes, in words; empty where nobody knows."""
    return f"{duration(job.seconds_left)} left" if job.seconds_left is not None else ""


def scores(job: JobView) -> str:
    """What a job has measured last and how fast it is, in words."""
    loss, accuracy = measured(job.metrics, "loss"), measured(job.metrics, "accuracy")
    words = ("" if loss is None else f"loss {loss:.4g}", "" if accuracy is None else f"accuracy {percent(accuracy)}")
    return " · ".join(filter(None, (*words, speed(job))))
