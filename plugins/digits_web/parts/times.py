"""Moments in the reader's own zone and manner, and durations in words."""

from __future__ import annotations

from datetime import datetime

from nicegui.element import Element


class Moment(Element, component="times.js"):
    """A moment as ``<time>``, written by the browser.

    Args:
        moment: ISO 8601 with zone, or a time stamp that has one.
        relative: Whether it says "3 hours ago", with the moment itself as its title.
    """

    def __init__(self, moment: str | datetime, *, relative: bool = False) -> None:
        super().__init__()
        self.props["relative"] = relative
        self.show(moment)

    def show(self, moment: str | datetime) -> None:
        """Show another moment."""
        self.props["moment"] = moment if isinstance(moment, str) else moment.isoformat()


def duration(seconds: float | None) -> str:
    """A time span in words, with two parts at most; nothing where it is not known.

    >>> duration(42), duration(3 * 3600 + 125), duration(None)
    ('42 s', '3 h 2 min', '')
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    if len(parts) < 2 and whole < 3600 and (whole % 60 or not parts):
        parts.append(f"{whole % 60} s")
    return " ".join(parts[:2])
