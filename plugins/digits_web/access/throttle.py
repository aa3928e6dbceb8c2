"""How often somebody may be wrong."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable


class Throttle:
    """Counts failures by key over a sliding minute.

    Args:
        most: Failures of a key within `span_s` after which the next try is refused.
        span_s: Seconds for which a failure counts.
        clock: Gives seconds that never go back.
        keys: Most keys that are remembered; the oldest are forgotten first.
    """

    def __init__(
        self, most: int, span_s: float = 60.0, clock: Callable[[], float] = time.monotonic, keys: int = 10_000
    ) -> None:
        self._most, self._span_s, self._clock, self._keys = most, span_s, clock, keys
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """Seconds until the next try; 0: now."""
        with self._lock:
            times = self._failures.get(key)
            if times is None or len(times) < self._most:
                return 0.0
            return max(0.0, times[0] + self._span_s - self._clock())

    def failed(self, key: str) -> None:
        """A try was wrong."""
        with self._lock:
            times = self._failures.setdefault(key, deque(maxlen=self._most))
            times.append(self._clock())
            self._failures.move_to_end(key)
            while len(self._failures) > self._keys:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """A try was right: what was wrong before is forgotten."""
        with self._lock:
            self._failures.pop(key, None)
