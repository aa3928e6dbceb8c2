"""Who is told what happens while a job runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from digits_core.events.journal import Recorded
    from digits_core.service.views.jobs import JobView


class Watcher(Protocol):
    """Is told what happens while a job runs, from the thread that called."""

    def started(self, job: JobView) -> None:
        """``job`` is about to be followed."""

    def recorded(self, item: Recorded) -> None:
        """A fact was written down."""

    def noted(self, message: str) -> None:
        """Something a person should know."""


class Nobody:
    """Watches nothing."""

    def started(self, job: JobView) -> None:
        """Ignore it."""

    def recorded(self, item: Recorded) -> None:
        """Ignore it."""

    def noted(self, message: str) -> None:
        """Ignore it."""
