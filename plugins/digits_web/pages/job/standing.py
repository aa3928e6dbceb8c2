"""How far a job is, its newest numbers, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element

from digits_core.service.views.jobs import JobView
from digits_web.pages.job.live import Live
from digits_web.parts.frame import section
from digits_web.parts.job_facts import ACTIVE, described, speed, work_done
from digits_web.parts.numbers import percent, size
from digits_web.parts.sparkline import Bar
from digits_web.parts.times import Moment, duration


def build(live: Live) -> None:
    """Progress, what went wrong, and the newest numbers."""
    progress(live)
    numbers = ui.element("div").classes("digits-numbers")
    live.follow(partial(_numbers, numbers))


def progress(live: Live) -> None:
    """How far it is, what it waits for, and why it failed."""
    with ui.element("div").classes("digits-card"):
        with ui.element("div").classes("digits-spread").style("flex-wrap: wrap"):
            far = ui.label().classes("digits-number")
            left = ui.label().classes("digits-soft digits-number")
        bar = Bar("Progress")
        notes = ui.element("div").classes("digits-full")

    def show(view: JobView) -> None:
        far.text, left.text = how_far(view), how_long(view)
        unknown = None if view.state in ACTIVE and view.kind != "train" else 100.0 * (view.state == "done")
        bar.show(100 * view.step / view.total_steps if view.total_steps else unknown)
        _what_is_said(notes, view)

    live.follow(show)


def how_far(view: JobView) -> str:
    """Where a job stands, in words."""
    if view.kind != "train":
        return work_done(view)
    steps = f"step {view.step:,} of {view.total_steps:,}" if view.total_steps else f"step {view.step:,}"
    return f"Epoch {view.epoch:.4g} of {view.epochs:g} · {steps}"


def how_long(view: JobView) -> str:
    """Speed and time left, in words."""
    left = f"{duration(view.seconds_left)} left" if view.seconds_left is not None else ""
    return " · ".join(part for part in (speed(view), left) if part)


def _what_is_said(place: Element, view: JobView) -> None:
    place.clear()
    with place:
        if view.waits_for or view.queue_position:
            queue = f"Number {view.queue_position} in the queue. " if view.queue_position else ""
            ui.label(f"{queue}{view.waits_for or ''}").classes("digits-soft")
        if view.error:
            with ui.element("div").classes("digits-problem").props("role=alert").style("margin-top: .75rem"):
                ui.label(view.error.message).style("white-space: pre-line")
                ui.label(view.error.hint).classes("digits-soft")


def _numbers(place: Element, view: JobView) -> None:
    place.clear()
    with place:
        for name, value in view.metrics.items():
            if not view.tells(name):
                continue
            _number(_named(name), _value(name, value))
        if view.learning_rate is not None:
            _number("learning rate", f"{view.learning_rate:.4g}")
        if view.best:
            best = view.best.metrics.get("val/accuracy")
            _number(
                "best snapshot", view.best.name if best is None else f"{percent(best)} at epoch {view.best.epoch:g}"
            )


def _number(name: str, value: str) -> None:
    with ui.element("div").classes("digits-figure"):
        ui.label(value).classes("digits-figure-value")
        ui.label(name).classes("digits-soft digits-small")


def _named(name: str) -> str:
    split, _, what = name.partition("/")
    return f"{what} ({'training' if split == 'train' else 'validation'})"


def _value(name: str, value: float) -> str:
    return f"{value:.4g}" if "loss" in name else percent(value, 2)


def facts(live: Live) -> None:
    """What the job is, in a table."""
    section("About this job")
    with ui.element("div").classes("digits-card"):
        table = ui.element("table").classes("digits-facts")
    seen: list[tuple[object, ...]] = []

    def show(view: JobView) -> None:
        rows = tuple(_facts(view))
        if seen and seen[-1] == rows:
            return
        seen[:] = [rows]
        table.clear()
        with table:
            for name, value, address in rows:
                with ui.element("tr"):
                    with ui.element("th"):
                        ui.label(name)
                    with ui.element("td"):
                        _cell(name, value, address)

    live.follow(show)


def _cell(name: str, value: str, address: str) -> None:
    if name == "Created":
        Moment(value)
    elif address:
        ui.link(value, address)
    else:
        ui.label(value).style("white-space: pre-line")


def _facts(view: JobView) -> Iterator[tuple[str, str, str]]:
    """Name, value and address of what there is to say."""
    dataset = f"{view.dataset}@{view.dataset_version}" if view.dataset_version else view.dataset
    if view.kind != "train":
        yield "Does", described(view).capitalize(), ""
    if view.dataset:
        yield "Dataset", dataset, f"/datasets/{quote(view.dataset)}"
    if view.network:
        yield "Network" if view.kind == "train" else "Model", view.network, ""
    if view.backend:
        yield "Backend", view.backend, ""
    if view.devices:
        nodes = f" on {view.nodes} machines" if view.nodes > 1 else ""
        yield "Devices", f"{', '.join(view.devices)}{nodes}", ""
    yield "Created", view.created, ""
    if view.runs > 1:
        yield "Runs", str(view.runs), ""
    if view.first_step_s is not None:
        yield "First step", duration(view.first_step_s) or "at once", ""
    if view.compilation:
        yield "Compilation", view.compilation, ""
    if view.usage:
        yield "Processes", f"{view.usage.processes}, {size(view.usage.memory_bytes)} of memory", ""
    if view.start:
        yield "Started from", view.start.model, ""
    if view.notes:
        yield "Notes", "\n".join(view.notes), ""
    for tracker in view.trackers:
        yield f"Tracker {tracker.name}", tracker.where or "has not begun", ""
