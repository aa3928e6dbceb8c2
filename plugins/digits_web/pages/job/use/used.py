"""The snapshot of a job that is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from digits_core.service.digits import Digits
from digits_web.pages.job.live import Live
from digits_web.parts.tabs import Address


@dataclass(slots=True)
class Used:
    """A job and the snapshot of it that is used.

    Attributes:
        live: The job.
        address: What the page's address says.
        snapshot: ``best``, ``last`` or the name of one.
        changed: Told when another one is chosen.
    """

    live: Live
    address: Address
    snapshot: str
    changed: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def digits(self) -> Digits:
        """The service."""
        return self.live.digits

    @property
    def model(self) -> str:
        """The model, as it is named everywhere."""
        return f"{self.live.id}@{self.snapshot}"

    async def choose(self, snapshot: str) -> None:
        """Use another one."""
        self.snapshot = snapshot
        self.address.put(snapshot=snapshot)
        for tell in self.changed:
            await tell()
