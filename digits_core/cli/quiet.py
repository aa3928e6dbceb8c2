"""Frameworks that write to standard output and error as they please are not heard."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from digits_core.cli.output import say


@contextmanager
def frameworks_silenced() -> Iterator[Callable[[str], None]]:
    """Hold back what this process writes, in Python or in C, but for what is said through what this gives.

    With ``DIGITS_DEBUG=1`` everything is heard.
    """
    if os.environ.get("DIGITS_DEBUG", "") not in ("", "0"):
        yield say
        return
    heard = sys.stderr

    def tell(message: str) -> None:
        print(message, file=heard if heard is not sys.__stderr__ else speaker, flush=True)

    sys.stdout.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    with tempfile.TemporaryFile("w+") as held, os.fdopen(os.dup(2), "w") as speaker:
        try:
            for descriptor in (1, 2):
                os.dup2(held.fileno(), descriptor)
            with redirect_stdout(held), redirect_stderr(held):
                yield tell
        finally:
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
