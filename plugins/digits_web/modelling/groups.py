"""Under which heading of the form a value of a request is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from digits_web.modelling.training_panel import USUAL

ItemT = TypeVar("ItemT")

#: Headings of the form, and what is under each: whole keys, and beginnings of keys, which end with a dot.
GROUPS: dict[str, tuple[str, ...]] = {
    "Dataset": ("dataset", "dataset_version"),
    "Network": ("network", "start"),
    "Training": ("batch", "solver.", "schedule.", *USUAL),
    "Pictures": ("data.", "targets."),
    "Backend and devices": ("backend", "devices"),
}
#: Where everything else is.
REST = "More options"


def group_of(key: str) -> str:
    """The heading of a key.

    >>> group_of("solver.rate"), group_of("options.compile")
    ('Training', 'More options')
    """
    within = (
        name
        for name, keys in GROUPS.items()
        if key in keys or any(key.startswith(part) for part in keys if part.endswith("."))
    )
    return next(within, REST)


def grouped(items: Iterable[tuple[str, ItemT]]) -> dict[str, list[tuple[str, ItemT]]]:
    """Keys and what belongs to each, by heading and in the form's order; headings without any are left out."""
    found: dict[str, list[tuple[str, ItemT]]] = {name: [] for name in (*GROUPS, REST)}
    for key, item in items:
        found[group_of(key)].append((key, item))
    return {name: rows for name, rows in found.items() if rows}
