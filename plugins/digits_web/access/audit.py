"""What was changed, by whom: one line a change."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from digits_core.disk import make_folder, storage_errors
from digits_web.access.person import Person


class Audit:
    """The lines of a home, in ``audit.jsonl``: ``time``, ``person``, ``role``, ``action``, ``what``.

    Args:
        path: The file; it comes with its first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def __call__(self, person: Person, action: str, what: str) -> None:
        """Add a line; it is on the disk when this returns.

        Args:
            person: Who did it.
            action: What they did, as verb and noun: ``delete job``.
            what: To which thing: its name or id.

        Raises:
            StorageUnusable: If it cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        fact = {"time": now, "person": person.name, "role": person.role, "action": action, "what": what}
        # One write of a whole line in append mode: two servers of a home cannot mix theirs.
        line = json.dumps(fact, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        make_folder(self.path.parent)
        with self._lock, storage_errors(self.path.name):
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
