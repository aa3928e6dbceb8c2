"""What several jobs have in common by name and not by value: a row for each thing, a column for each job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from digits_web.parts.facts import Table, cell
from digits_web.parts.numbers import percent


@dataclass(frozen=True, slots=True)
class Folded:
    """A value of many lines.

    Attributes:
        title: What is shown of it.
        text: What is shown when it is unfolded.
    """

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that jobs are compared in.

    Attributes:
        title: What it is, for a person.
        key: What it is called in files and scripts; empty: that does not matter.
        values: Its value in each job.
        best: The places of the best ones; none: none is better.
        share: Whether it is from 0 to 1, in percent.
    """

    title: str
    key: str
    values: Sequence[Any]
    best: Sequence[int] = ()
    share: bool = False


def comparison_table(caption: str, jobs: Sequence[str], groups: Mapping[str, Sequence[Compared]]) -> None:
    """Draw the rows, with the best of each marked.

    Args:
        caption: What the table shows.
        jobs: Ids of the jobs, in the order of the values.
        groups: What is compared, under headings; an empty heading is left out.
    """
    if not groups:
        ui.label("They are all the same.").classes("digits-soft")
        return
    table = Table(caption, ("", *jobs), addresses={job: f"/jobs/{job}" for job in jobs}).classes("digits-compared")
    for heading, rows in groups.items():
        if heading:
            table.group(heading)
        for compared in rows:
            _row(table, compared)


def _row(table: Table, compared: Compared) -> None:
    with table.row(compared.title, compared.key):
        for number, value in enumerate(compared.values):
            with cell():
                if isinstance(value, Folded):
                    _unfolding(value)
                    continue
                told = percent(value, 2) if compared.share and value is not None else written(value)
                label = ui.label(told).classes("digits-number")
                if number in compared.best:
                    label.classes("digits-best").tooltip("The best")


def _unfolding(value: Folded) -> None:
    with ui.element("details"):
        with ui.element("summary"):
            ui.label(value.title).style("display: inline")
        ui.label(value.text).classes("digits-mono digits-scroll").style("white-space: pre; max-width: 40rem")


def written(value: Any) -> str:
    """A value for a person.

    >>> written(0.123456789), written(64000), written(None), written([1, 2]), written(True)
    ('0.1235', '64,000', '–', '1, 2', 'yes')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {written(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(written, value)) or "none"
    return str(value)
