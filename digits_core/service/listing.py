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


class Known:
    """Read models of jobs that were listed before: whoever lists 10,000 again and again reads only what is new."""

    def __init__(self) -> None:
        self._seen: tuple[tuple[str, ...], tuple[JobView, ...]] = ((), ())

    def views(self, listing: Listing) -> tuple[JobView, ...]:
        """The jobs of a listing as read models; the same tuple as before where nothing has changed."""
        from digits_core.service.views.jobs import JobView

        texts, views = self._seen
        if listing.jobs != texts:
            before = dict(zip(texts, views, strict=True))
            views = tuple(before.get(text) or JobView.model_validate_json(text) for text in listing.jobs)
            # Another thread may do the same: each puts a whole table in place.
            self._seen = (listing.jobs, views)
        return views


def list_jobs(home: Home | None = None, newest: int | None = None, runs: Runs | None = None) -> Listing:
    """Every open job, and those that are closed; damaged ones are left out.

    Args:
        home: Whose jobs; None: the default.
        newest: How many closed ones; empty: all of them.
        runs: What looks at open ones, where there is one already.
    """
    home = home or Home.default()
    index = runs.index if runs else Index(home)
    ids = index.sync()
    opened, ended = _seen(runs or _runs(home), ids) if ids else ([], [])
    closed: Sequence[Kept] = index.closed(newest)
    if opened or ended:
        # One that closes between the two is found twice.
        meanwhile = {kept.id for kept in (*opened, *ended)}
        closed = sorted([*ended, *(kept for kept in closed if kept.id not in meanwhile)], reverse=True)
    shown = closed[:newest]
    left_out = 0 if newest is None else index.count_closed() + len(ended) - len(shown)
    return Listing(tuple(kept.view for kept in sorted([*opened, *reversed(shown)])), left_out)


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
