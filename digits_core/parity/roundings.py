"""How far rounding alone takes the reference from itself: the yardstick of every check."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from digits_core.parity.findings import Findings

#: How often the reference is rounded otherwise before a backend is said to disagree. One rounding seldom turns just
#: that near tie which was turned in the backend: of a pooling window, of a unit that is all but off, of a gradient that
#: is all but 0 and whose sign an adaptive solver makes a whole step of.
MOST_ROUNDINGS = 6


class Roundings:
    """What the reference finds where it rounds otherwise, computed as it is asked for.

    Args:
        perform: Lets the reference do an exercise; the number says how its weights are nudged, 0: not at all.
    """

    def __init__(self, perform: Callable[[int], Findings]) -> None:
        self._perform = perform
        self._found: list[Findings] = []

    def first(self, count: int, precision: str) -> Sequence[Findings]:
        """The first ``count`` of them; float32 rounds otherwise by itself, and float64 where weights are nudged."""
        begin = 0 if precision == "fp32" else 1
        self._found += [self._perform(begin + number) for number in range(len(self._found), count)]
        return self._found[:count]

    def clear(self) -> None:
        """Forget them."""
        for findings in self._found:
            findings.clear()
