"""What went wrong, for a person: every problem with its place and what to do, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ElementFilter, ui

from digits_core.errors import DigitsError, Problem
from digits_web.parts.page_words import on_page


def show_problems(error: DigitsError) -> None:
    """Tell every problem as a notification that stays until it is closed, or told again."""
    for problem in map(on_page, error.problems):
        text = "\n".join(part for part in (_sentence(problem), problem.hint) if part)
        for former in ElementFilter(kind=ui.notification):
            if former.message == text:
                former.dismiss()
        ui.notification(text, type="negative", multi_line=True, close_button="Close", timeout=None, position="bottom")


def list_problems(error: DigitsError) -> None:
    """Write every problem into the page, where the thing that went wrong would be."""
    with ui.element("div").classes("digits-full").props("role=alert"):
        for problem in map(on_page, error.problems):
            with ui.element("div").classes("digits-problem"):
                ui.label(_sentence(problem))
                if problem.hint:
                    ui.label(problem.hint).classes("digits-soft")


@contextmanager
def problems_shown() -> Iterator[None]:
    """Whatever the service refuses within the block is told, and the page goes on."""
    try:
        yield
    except DigitsError as error:
        show_problems(error)


def _sentence(problem: Problem) -> str:
    return str(Problem(problem.message, problem.where))
