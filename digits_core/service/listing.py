"""Every job of a home, at a price that does not grow much with their number.

What closed jobs came to is passed on as the index keeps it; open ones are looked at, and only then is more imported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from digits_core.store.home import Home
from digits_core.store.index import Index, Kept

if TYPE_CHECKING:
    from digits_core.service.runs import Runs
    from digits_core.service.views.jobs import JobView


class Listing(NamedTuple):
    """Jobs of a home, oldest first.

    Attributes:
        jobs: Every one as JSON, as `JobView` has it.
        left_out: How many older ones are not among them.
    """

    jobs: tuple[str, ...]
    left_out: int = 0

    def views(self) -> tuple[JobView, ...]:
        """The jobs as read models."""
        from digits_core.service.views.jobs import JobView

        return tuple(map(JobView.model_validate_json, self.jobs))

    def to_json(self) -> str:
        """One document, with a line for every job."""
        rest = f', "left_out": {json.dumps(self.left_out)}' if self.left_out else ""
        lines = ",\n".join(self.jobs)
        return f'{{"jobs": [\n{lines}\n]{rest}}}'


def list_jobs(home: Home | None = None, newest: int | None = None, runs: Runs | None = None) -> Listing:
    """Every open job, and those that are closed; damaged ones are left out.

    Args:
        home: Whose jobs; None: the default.
        newest: How many closed ones; empty: all of them.
        runs: What looks at open ones, where there is one already.
    """
    home = home or Home.default()
    index = Index(home)
    ids = index.sync()
    opened, ended = _seen(runs or _runs(home), ids) if ids else ([], [])
    # One that closes between the two is found twice.
    closed = {kept.id: kept for kept in (*ended, *index.closed(newest))}
    count = len(closed) if newest is None else min(newest, len(closed))
    shown = sorted(closed.values())[len(closed) - count :]
    left_out = 0 if newest is None else index.count_closed() + len(ended) - count
    return Listing(tuple(kept.view for kept in sorted([*opened, *shown])), left_out)


def _seen(runs: Runs, ids: Sequence[str]) -> tuple[list[Kept], list[Kept]]:
    """Jobs of which the index knows no end: those that are open, and those that have ended meanwhile."""
    from digits_core.scheduling.states import CLOSED

    opened: list[Kept] = []
    ended: list[Kept] = []
    for view in runs.views(ids):
        kept = Kept(view.created, view.job, view.to_json())
        (ended if view.state in CLOSED else opened).append(kept)
    return opened, ended


def _runs(home: Home) -> Runs:
    # Imported where they are needed: they take longer than everything else here together.
    from digits_core.hooks.registry import discover
    from digits_core.scheduling.local import LocalLauncher
    from digits_core.service.runs import Runs
    from digits_core.service.settling import settler

    return Runs(home, LocalLauncher(), discover().backends, settler(home, discover()))
