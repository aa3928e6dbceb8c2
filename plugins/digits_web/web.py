"""What every part of the server is given."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from digits_core.service.digits import Digits
from digits_core.service.views.jobs import JobView
from digits_core.service.views.machine import DeviceView
from digits_core.service.views.networks import ModelView
from digits_web.access.audit import Audit
from digits_web.access.identity import Identities
from digits_web.catalogue.datasets import DatasetRow, dataset_rows
from digits_web.settings import ServerSettings

#: Seconds for which what was looked at is still true enough, whoever asks.
FRESH_S = 1.0
#: What takes long is looked at so seldom that it takes at most a part in so many of the time.
SHARE = 10
ValueT = TypeVar("ValueT")


class Lately(Generic[ValueT]):
    """A look that many share: however many pages and scripts ask, it is taken at most once in a while.

    Args:
        look: Takes it; called by one thread at a time.
        fresh_s: Seconds of that while.
    """

    def __init__(self, look: Callable[[], ValueT], fresh_s: float = FRESH_S) -> None:
        self._look, self._fresh_s = look, fresh_s
        self._lock = threading.Lock()
        self._seen: tuple[float, ValueT] | None = None

    def __call__(self) -> ValueT:
        """What is seen; waits for a look where it has to be taken, so call it in a thread."""
        with self._lock:
            if self._seen is None or time.monotonic() > self._seen[0]:
                begun = time.monotonic()
                seen = self._look()
                took = time.monotonic() - begun
                self._seen = (time.monotonic() + max(self._fresh_s, SHARE * took), seen)
            return self._seen[1]

    def forget(self) -> None:
        """Have the next one look again; for whoever has just changed something."""
        with self._lock:
            self._seen = None


@dataclass(slots=True)
class Web:
    """The service, the settings, and what has been looked at lately.

    Attributes:
        digits: Does everything.
        settings: How the server is run.
        jobs: Every job, oldest first.
        devices: What computes here.
        datasets: Every dataset, by name.
        models: Every imported model, by name.
        identities: Who may come in.
        audit: Where changes are written down, with who made them.
    """

    digits: Digits
    settings: ServerSettings
    jobs: Lately[tuple[JobView, ...]] = field(init=False)
    devices: Lately[tuple[DeviceView, ...]] = field(init=False)
    datasets: Lately[tuple[DatasetRow, ...]] = field(init=False)
    models: Lately[tuple[ModelView, ...]] = field(init=False)
    identities: Identities = field(init=False)
    audit: Audit = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = Lately(self.digits.jobs)
        self.devices = Lately(self.digits.devices)
        self.datasets = Lately(lambda: dataset_rows(self.digits))
        self.models = Lately(self.digits.models)
        self.identities = Identities(self.settings, self.digits.home.path / "server")
        self.audit = Audit(self.digits.home.path / "audit.jsonl")

    def forget(self) -> None:
        """Have whoever asks next look again at everything that people change."""
        for looked in (self.jobs, self.datasets, self.models):
            looked.forget()
