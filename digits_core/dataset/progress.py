"""How long work tells the one who waits."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives progress from the thread that called; raising from it stops the work and cleans up."""

    def start(self, total: int, what: str) -> None:
        """Work of ``total`` units begins; ``what`` describes it in a few words."""

    def advance(self, count: int) -> None:
        """``count`` more units are done."""


class Silence:
    """Progress that nobody watches."""

    def start(self, total: int, what: str) -> None:
        """Ignore it."""

    def advance(self, count: int) -> None:
        """Ignore it."""
