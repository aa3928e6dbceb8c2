"""Places in the queue, told to people."""

from __future__ import annotations

from collections.abc import Sequence

from digits_core.scheduling.queue import Turn
from digits_core.scheduling.scheduler import Scheduler
from digits_core.service.views.jobs import JobView
from digits_core.store.job import JobFolder


class Places:
    """Who waits for what.

    Args:
        scheduler: Whose queue.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def waits_for(self, folder: JobFolder) -> str:
        """What a queued job waits for, in words; empty where it does not."""
        run = folder.run()
        if run is None or run.processes:
            return ""
        turn = self._turns().get(folder.id)
        waits = turn is not None and (turn.blocked or turn.run.awaits)
        return f"Number {turn.position} in the queue; waits for {turn.waits_for}." if turn and waits else ""

    def placed(self, views: Sequence[JobView]) -> tuple[JobView, ...]:
        """The views, with their places in the queue."""
        turns = self._turns() if any(view.state == "queued" for view in views) else {}
        return tuple(_at(view, turns.get(view.job)) if view.state == "queued" else view for view in views)

    def _turns(self) -> dict[str, Turn]:
        return {turn.id: turn for turn in self._scheduler.queue()}


def _at(view: JobView, turn: Turn | None) -> JobView:
    """A view with its place in the queue."""
    if turn is None:
        return view
    return view.model_copy(update={"queue_position": turn.position, "waits_for": turn.waits_for})
