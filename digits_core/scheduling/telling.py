"""The process that tells one tracker about one job: ``python -m digits_core.scheduling.telling JOB_FOLDER TRACKER``.

::

    events.jsonl ─ from the cursor on ─→ receive … flush ─→ the other system
                                                     └────→ trackers/NAME.json: cursor and mark, both or none

Its standard input has the tracker's settings, one line of JSON, and ends when the run does; it then tells what is left
and ends too. A tracker that fails is begun anew from what was kept, after a while: another system that was away misses
nothing. That it failed is noted once in a run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock

from digits_core.contracts.tracker import TrackedJob, Tracker
from digits_core.errors import StorageUnusable
from digits_core.events.facts import Noted
from digits_core.events.follower import Follower
from digits_core.hooks.registry import Registry, discover
from digits_core.spec.model import parse
from digits_core.store.job import JobFolder
from digits_core.store.tracking import TrackerRecord, read_record, tracker_folder, write_record

#: Seconds between two looks at the journal.
LOOK_S = 1.0
#: Seconds until a tracker that has failed is begun anew: at first, and at most; each time twice as long.
AGAIN_S, MOST_S = 5.0, 300.0
#: Seconds to wait for the process of the run before, where that has not ended yet.
LOCK_PATIENCE_S = 30.0
#: How far a tracker stands back where cores are busy: it gets a third of what a process of training does.
NICE = 5


class Telling:
    """One tracker, told what the journal says until the run ends.

    Args:
        job: The job.
        name: The tracker.
        settings: Its settings.
        trackers: What plugins bring.
    """

    def __init__(self, job: JobFolder, name: str, settings: Mapping[str, Any], trackers: Registry[Tracker]) -> None:
        self._job, self._name, self._settings, self._trackers = job, name, settings, trackers
        self._noted = False
        #: Set when nothing more is to come.
        self.ended = threading.Event()

    def carry(self, again_s: float = AGAIN_S) -> bool:
        """Tell everything, beginning anew after failures; returns whether it all was told.

        Args:
            again_s: Seconds until the second attempt.
        """
        while True:
            last = self.ended.is_set()
            try:
                with filelock.FileLock(tracker_folder(self._job.path) / f"{self._name}.lock", LOCK_PATIENCE_S):
                    self._tell()
                return True
            except Exception as reason:
                traceback.print_exc()
                self._note(reason)
            if last:
                return False
            self.ended.wait(again_s)
            again_s = min(2 * again_s, MOST_S)

    def _tell(self) -> None:
        kind = self._trackers.get(self._name)
        tracker = kind(parse(kind.Params, self._settings, where=f"track.{self._name}"))
        record = read_record(self._job.path, self._name)
        where = self._seen_from_job(tracker.begin(self._tracked(), record.mark))
        try:
            follower = Follower(self._job.journal.path, record.cursor)
            self._keep(tracker, where, follower.cursor)
            while True:
                last = self.ended.is_set()
                if items := follower.poll():
                    for item in items:
                        tracker.receive(item)
                    self._keep(tracker, where, follower.cursor)
                if last:
                    return
                self.ended.wait(LOOK_S)
        finally:
            tracker.close()

    def _keep(self, tracker: Tracker, where: str, cursor: int) -> None:
        mark = dict(tracker.flush())
        write_record(self._job.path, self._name, TrackerRecord(where=where, cursor=cursor, mark=mark))

    def _tracked(self) -> TrackedJob:
        request = self._job.request().model_dump(mode="json")
        shared = self._job.home.path / "trackers" / self._name
        return TrackedJob(self._job.id, self._job.path, shared, request, self._job.graph())

    def _seen_from_job(self, where: str) -> str:
        """A folder in the job's own without the way there: a job can be renamed."""
        path = Path(where)
        return str(path.relative_to(self._job.path)) if path.is_relative_to(self._job.path) else where

    def _note(self, reason: Exception) -> None:
        if self._noted:
            return
        self._noted = True
        what = str(reason).strip().partition("\n")[0] or type(reason).__name__
        message = f"Tracker {self._name} failed: {what.rstrip('.')}."
        with contextlib.suppress(StorageUnusable):
            self._job.journal.append(
                Noted(f"{message} Training is not touched; it is tried again, and misses nothing.")
            )


def main(job: Path, name: str) -> int:
    """Tell the tracker ``name`` until standard input ends; returns 0 where everything was told."""
    os.nice(NICE)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # It ends with its supervisor, which may have more to say.
    settings = json.loads(sys.stdin.readline())
    telling = Telling(JobFolder(job), name, settings, discover().trackers)
    threading.Thread(target=_wait_for_end, args=(telling.ended,), daemon=True).start()
    return 0 if telling.carry() else 1


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    # Other systems' libraries leave threads behind that nobody is to wait for.
    status = main(Path(sys.argv[1]), sys.argv[2])
    sys.stdout.flush()
    os._exit(status)
