"""What several jobs have in common by name and not by value: a row for each thing, a column for each job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from digits_web.parts.facts import Table, cell


def comparison_table(caption: str, jobs: Sequence[str], rows: Sequence[tuple[str, Sequence[Any], int | None]]) -> None:
    """Draw the rows, with the best of each marked.

    Args:
        caption: What the table shows.
        jobs: Ids of the jobs, in the order of the values.
        rows: What is compared, its value in each job, and the place of the best one if one is better.
    """
    if not rows:
        ui.label("They are all the same.").classes("digits-soft")
        return
    table = Table(caption, ("", *jobs), addresses={job: f"/jobs/{job}" for job in jobs})
    for key, values, best in rows:
        with table.row(key):
            for number, value in enumerate(values):
                with cell():
                    label = ui.label(written(value)).classes("digits-number")
                    if number == best:
                        label.classes("digits-best").tooltip("The best")


def written(value: Any) -> str:
    """A value for a person.

    >>> written(0.123456789), written(None), written([1, 2]), written(True)
    ('0.1235', '–', '1, 2', 'yes')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {written(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(written, value)) or "none"
    return str(value)
