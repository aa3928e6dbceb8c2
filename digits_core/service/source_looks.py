"""What the sources of a dataset hold, listed beforehand: once for many questions, and nobody has to wait for it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass

from digits_core.dataset.sources import OpenedSource, open_sources
from digits_core.hooks.registry import Plugins
from digits_core.spec.dataset import DatasetSpec

#: Seconds for which a listing is not taken again, while somebody changes other parts of the request.
FRESH_S = 60.0
#: Examples that are offered, of as many classes.
EXAMPLES = 12
#: What a source is read by; the rest of a request is about what is made of it.
_OF_SOURCES = ("paths", "source", "val_path", "test_path", "labels", "prefix", "within")


@dataclass(frozen=True, slots=True)
class Listed:
    """Sources and what they listed.

    Attributes:
        sources: Each with its listing.
        examples: Number of the source, key and class of a few pictures.
    """

    sources: tuple[OpenedSource, ...]
    examples: tuple[tuple[int, str, str], ...]


class SourceLooks:
    """Lists sources in threads of its own, so that nobody waits for longer than they want to.

    Args:
        plugins: Whose dataset sources are asked.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._lock = threading.Lock()
        self._looks: dict[str, tuple[float, Future[Listed]]] = {}

    def listed(self, spec: DatasetSpec, patience_s: float) -> Listed | None:
        """What the sources of ``spec`` hold; None where listing them takes longer than ``patience_s``.

        Raises:
            SourceInvalid: As `digits_core.dataset.sources.open_sources` does.
        """
        try:
            return self._look(spec).result(patience_s)
        except TooLong:
            return None

    def _look(self, spec: DatasetSpec) -> Future[Listed]:
        # Whether a share is given decides how some sources split by themselves.
        key = repr([*(getattr(spec, name) for name in _OF_SOURCES), spec.val is None])
        with self._lock:
            now = time.monotonic()
            self._looks = {
                known: look for known, look in self._looks.items() if not look[1].done() or now - look[0] < FRESH_S
            }
            if key not in self._looks:
                self._looks[key] = (now, self._started(spec))
            return self._looks[key][1]

    def _started(self, spec: DatasetSpec) -> Future[Listed]:
        future: Future[Listed] = Future()

        def look() -> None:
            try:
                future.set_result(_list(spec, self._plugins))
            except BaseException as reason:  # Whoever asks is told, in their own thread.
                future.set_exception(reason)

        threading.Thread(target=look, daemon=True, name="digits-look").start()
        return future


def _list(spec: DatasetSpec, plugins: Plugins) -> Listed:
    opened = tuple(open_sources(spec, plugins.dataset_sources))
    first: dict[str, tuple[int, str, str]] = {}
    for number, source in enumerate(opened):
        for item in source.listing.items:
            if item.label not in first:
                first[item.label] = (number, item.key, item.label)
    evenly = list(first.values())[:: max(1, len(first) // EXAMPLES)][:EXAMPLES]
    return Listed(opened, tuple(evenly))
