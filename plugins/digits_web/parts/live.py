"""Parts of a page that are looked at again and again while somebody has it open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nicegui import ui

from digits_web.parts.aside import aside

SeenT = TypeVar("SeenT")


async def live(every_s: float, look: Callable[[], SeenT], show: Callable[[SeenT], None]) -> None:
    """Look and show now, and again until the page is closed.

    Args:
        every_s: Seconds between two looks.
        look: Takes a look; in a thread, so it may wait.
        show: Shows what was seen; changes only what is new.
    """

    async def again() -> None:
        show(await aside(look))

    await again()
    ui.timer(every_s, again, immediate=False)
