"""What was thrown away, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.about import TrashedView


class Trashed(Door):
    """The trash of a home."""

    def trash(self) -> tuple[TrashedView, ...]:
        """What can be put back, what was discarded first at the beginning."""
        from digits_core.service.discarding import trashed_view
        from digits_core.store.trash import Trash

        trash = Trash(self.home)
        return tuple(trashed_view(trash, record) for record in trash.records())

    def restore(self, id: str) -> TrashedView:
        """Put something back as it was.

        Args:
            id: What it is called in the trash.

        Raises:
            NameUnknown: If there is no such thing.
            NameTaken: If something has its name meanwhile.
        """
        from digits_core.service.discarding import trashed_view
        from digits_core.store.trash import Trash

        trash = Trash(self.home)
        record = trash.find(id)
        if record.kind == "job":
            self._runs.forget(record.name)
        view = trashed_view(trash, record)
        trash.take(record)
        return view

    def empty_trash(self, *, older_than_days: float = 0) -> int:
        """Delete for good what is in the trash.

        Args:
            older_than_days: Leave what was discarded less than so many days ago.

        Returns:
            How many things that were.

        Raises:
            SpecInvalid: If the number is negative.
        """
        from digits_core.errors import SpecInvalid
        from digits_core.service.discarding import empty

        if not 0 <= older_than_days < float("inf"):
            message = f"older_than_days expects a number of days, 0 or more, found {older_than_days:g}."
            raise SpecInvalid(message, where="older_than_days", hint="Leave it out to empty all of the trash.")
        return empty(self.home, min(older_than_days, 1e6))
