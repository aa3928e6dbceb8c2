"""Work that takes a while, in a thread, so that the server goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from nicegui import run

Words = ParamSpec("Words")
ResultT = TypeVar("ResultT")


async def aside(work: Callable[Words, ResultT], *args: Words.args, **kwargs: Words.kwargs) -> ResultT:
    """Do something in a thread, and wait for it.

    Args:
        work: Does it.
        args: What it is given.
        kwargs: What it is given by name.

    Returns:
        What it returns.

    Raises:
        asyncio.CancelledError: If the page is closed or the server ends meanwhile; whoever waits ends with it, quietly.
    """
    done = await run.io_bound(lambda: (work(*args, **kwargs),))
    if done is None:  # NiceGUI's answer while the server ends.
        raise asyncio.CancelledError
    return done[0]
