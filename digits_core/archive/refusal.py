"""Why an archive is refused, before it is known which file that is said of."""

from __future__ import annotations


class Refused(Exception):
    """Something in an archive is not as it has to be.

    Args:
        reason: What was found, as it goes on after ``ARCHIVE is refused: ``; no full stop.
        hint: What to do.
    """

    def __init__(self, reason: str, hint: str = "Ask whoever made it for it again, and use nothing of it.") -> None:
        self.reason, self.hint = reason, hint
        super().__init__(reason)
