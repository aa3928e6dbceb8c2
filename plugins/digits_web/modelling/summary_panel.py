"""What the job would be, everything that is wrong with it, and the same for a terminal; always in sight."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import ui

from digits_core.errors import Problem, SpecInvalid
from digits_core.units import format_count
from digits_web.modelling.command import command_lines, job_file
from digits_web.modelling.desk import Desk, Outlook
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import section
from digits_web.parts.numbers import size

if TYPE_CHECKING:
    from digits_core.service.views.plan import PlanView


class SummaryPanel:
    """The aside.

    Args:
        desk: The draft.
        submit: Makes the jobs.
        refusal: Why this reader may not; empty: they may.
    """

    def __init__(self, desk: Desk, submit: Callable[[], Awaitable[None]], refusal: str) -> None:
        self._desk, self._refusal = desk, refusal
        with ui.element("aside").classes("digits-card digits-aside digits-stack").props("aria-label=Summary") as aside:
            with ui.element("div").classes("digits-spread"):
                section("Summary").style("margin-right: auto")
                more = ui.button(icon="unfold_more").props('flat round dense aria-label="Details of the summary"')
                more.classes("digits-more")
                more.on("click", js_handler=f"() => getHtmlElement({aside.id}).classList.toggle('digits-open')")
                self._button = ui.button("Train", icon="play_arrow", on_click=submit).props("unelevated no-caps")
            self._button.disable()
            self._state = ui.label("Choose a dataset.").classes("digits-soft").props("role=status")
            with ui.element("div").classes("digits-stack digits-rest"):
                self._problems = ui.element("div").classes("digits-stack")
                self._sizes = ui.element("div").classes("digits-sizes")
                with ui.expansion("For a terminal", icon="terminal").classes("digits-full"):
                    self._command = self._code("Command")
                    self._file = self._code("job.yaml")
        desk.tell(self._show)

    def _code(self, title: str) -> ui.label:
        with ui.element("div").classes("digits-spread"):
            ui.label(title).classes("digits-soft digits-small")
            copy = ui.button(icon="content_copy").props(f'flat round dense size=sm aria-label="Copy {title}"')
        code = ui.label().classes("digits-code digits-mono")
        copy.on("click", lambda: (ui.clipboard.write(code.text), ui.notify("Copied")))
        return code

    def _show(self, outlook: Outlook) -> None:
        plan, problems = outlook.plan, [*outlook.problems]
        if plan is None and not problems:
            self._state.text = "Looking …"
            self._button.disable()
            return
        if plan is not None:
            problems += [Problem(found.message, found.where, found.hint) for found in plan.problems]
        self._state.text = self._said(problems, outlook)
        self._button.set_enabled(not problems and plan is not None and not self._refusal)
        self._problems.clear()
        if problems and outlook.request.get("dataset", "") + str(outlook.problems or ""):
            with self._problems:
                list_problems(SpecInvalid(*problems))
        self._sizes.clear()
        if plan is not None and not problems:
            with self._sizes:
                plan_numbers(plan)
        if plan is not None:
            rates, batches = self._desk.draft.series()
            several = (rates if len(rates) > 1 else (), batches if len(batches) > 1 else ())
            self._command.text = command_lines(outlook.request, *several)
            self._file.text = job_file(outlook.request)

    def _said(self, problems: list[Problem], outlook: Outlook) -> str:
        if self._refusal:
            return self._refusal
        if not outlook.problems and not outlook.request.get("dataset"):
            return "Choose a dataset."
        if problems:
            return f"{len(problems)} problem{'s' if len(problems) > 1 else ''} before it can start:"
        jobs = len(list(itertools.product(*(series or (None,) for series in self._desk.draft.series()))))
        self._button.text = f"Train {jobs} jobs" if jobs > 1 else "Train"
        ready = f"Ready: {jobs} jobs, one for each rate and batch." if jobs > 1 else "Ready."
        plan = outlook.plan
        asking = plan is not None and not plan.checked
        return f"{ready} Backend {plan.backend} is still being asked whether it can do this." if asking else ready


def steps_an_epoch(plan: PlanView) -> float | None:
    """Steps until every picture was used once: a last batch that is not full is filled up from the next epoch.

    >>> from digits_core.service.views.plan import PlanView
    >>> steps_an_epoch(PlanView(problems=(), pictures=36, batch_size=16))
    2.25
    """
    if not plan.pictures or not plan.batch_size:
        return plan.steps_per_epoch
    whole, rest = divmod(plan.pictures, plan.batch_size)
    return whole if not rest else plan.pictures / plan.batch_size


def plan_numbers(plan: PlanView) -> None:
    """A plan in numbers."""
    numbers = {
        "steps": plan.total_steps,
        "steps an epoch": steps_an_epoch(plan),
        "parameters": plan.parameters,
        "FLOPs a picture": plan.flops,
    }
    for name, number in numbers.items():
        if number is not None:
            _number(name, format_count(number) if isinstance(number, int) else f"{number:,.2f}")
    if plan.memory_bytes is not None:
        there = f" of {size(plan.memory_available_bytes)}" if plan.memory_available_bytes else ""
        _number(f"memory per device{there}, about", size(plan.memory_bytes))
    if plan.backend is not None:
        _number("backend", plan.backend)
    for note in plan.notes:
        ui.label(note).classes("digits-soft digits-small").style("grid-column: 1 / -1")


def _number(name: str, text: str) -> None:
    with ui.element("div"):
        ui.label(text).classes("digits-big")
        ui.label(name).classes("digits-soft digits-small")
