"""How processes that train together agree on what only one of them knows.

Every process steps through the same loop. The leading one looks at the clock and at what a person wants; so that all
act on it after the same step, they meet there: after every step that is due by plan, and in between every half second,
when the leader says how many steps to go until the next meeting.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from digits_core.store.job import Wish
from digits_core.training.meter import Total

#: Seconds from one meeting to the next.
MEET_SECONDS = 0.5
_MOST_STEPS = 1000
_WISHES: tuple[Wish | None, ...] = (None, "pause", "abort")


class Word(NamedTuple):
    """What all processes act on.

    Attributes:
        wish: What a person wants.
        due: Whether progress is to be read because of the time that has passed.
    """

    wish: Wish | None
    due: bool


class Team:
    """The processes that train together, seen from one of them.

    Args:
        total: Sums over all of them.
        index: Which one this is; the first leads.
        count: How many there are.
    """

    def __init__(self, total: Total, index: int = 0, count: int = 1) -> None:
        self.total = total
        self.leads = index == 0
        self.count = count
        self._next = 0
        self._met = (0, time.monotonic())

    def meets(self, step: int) -> bool:
        """Whether all are to agree after ``step`` even if nothing is due by plan."""
        return self.count == 1 or step >= self._next

    def agree(self, step: int, word: Word) -> Word:
        """What the leader says after ``step``; every process calls it after the same steps."""
        if self.count == 1:
            return word
        said = np.zeros(3)
        if self.leads:
            said[:] = _WISHES.index(word.wish), word.due, self._pause(step)
        wish, due, pause = self.total(said).tolist()
        self._next = step + int(pause)
        return Word(_WISHES[int(wish)], bool(due))

    def _pause(self, step: int) -> int:
        (before, then), now = self._met, time.monotonic()
        self._met = (step, now)
        pace = (step - before) / max(now - then, 1e-6)
        return int(min(max(pace * MEET_SECONDS, 1), _MOST_STEPS))
