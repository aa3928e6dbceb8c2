"""A supervisor's part in a run on several machines: what it tells its workers, and what the others' ends mean to it.

::

    a node …            node 0 says                              and the others
    failed              why, unless a worker has said it         give their workers a moment, and end
    is gone             so, and ends its workers at once         do the same, if it was node 0
    was asked to pause  nothing: node 0's worker tells all       nothing
    finished            nothing                                  are given time to finish too, if it was node 0
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digits_core.contracts.launcher import ADDRESSES, DEVICES
from digits_core.events.facts import RunAborted, RunFailed, RunPaused, RunStarted, TrainingLogged, last_word
from digits_core.events.journal import Journal, read_facts
from digits_core.scheduling.meeting import Farewell, Following, Leading, Meeting, Node
from digits_core.scheduling.nodes import Place

#: What workers are given to end after another node has finished, or has failed; what it is given to say why.
LEAVE_SECONDS, GRACE_SECONDS, EXPLAIN_SECONDS = 15.0, 3.0, 1.0
#: Seconds between two looks at what is wanted, while nodes are waited for.
LOOK_SECONDS = 1.0


class Left(NamedTuple):
    """Another node has ended.

    Attributes:
        cause: What this one has to say about it.
        patience_s: What its own workers are given to end.
    """

    cause: RunFailed | None
    patience_s: float


class Membership:
    """This machine among those of a run.

    Args:
        job: Folder of the job.
        run: Number of the run.
        place: Which machine this is; one of one is alone.

    Attributes:
        alone: Whether there are no others.
        first: Index of this machine's first worker among all workers.
        count: How many workers there are on all machines; 0: it is alone, or has not gathered.
        where: This machine in a sentence about a worker; empty where it is alone.
    """

    def __init__(self, job: Path, run: int, place: Place) -> None:
        self._job, self._run, self._place = job, run, place
        self._meeting = _meeting(job / "nodes" / f"{run}-0.json", place)
        self._looked = float("-inf")
        self.alone = self._meeting is None
        self.first = self.count = 0
        self.where = "" if self.alone else f" on node {place.rank}"

    def gather(self, processes: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Wait for the others; returns the workers to start, which know all of them, or none if nobody wants them now.

        Args:
            processes: Orders for each worker. With several machines they say its ``devices``, and its index, the last
                word of its command, is added here.

        Raises:
            JobFailed: If a machine does not come in time.
        """
        if self._meeting is None:
            return processes
        roster = self._meeting.gather([process["devices"] for process in processes], self._is_wanted)
        if not roster:
            self._answer()
            return ()
        self.first = sum(len(node.addresses) for node in roster[: self._place.rank])
        self.count = sum(len(node.addresses) for node in roster)
        shared = _shared(roster)
        return [
            {
                **process,
                "command": [*process["command"], str(index)],
                "environment": {**process["environment"], **shared},
            }
            for index, process in enumerate(processes, self.first)
        ]

    def look(self) -> Left | None:
        """Whether another machine has ended in a way that concerns this one."""
        farewell = self._meeting.farewell() if self._meeting is not None else None
        if farewell is None:
            return None
        if not farewell.said:
            return Left(_gone(farewell.node, self._place.count), 0.0)
        if self._place.rank:
            return Left(None, LEAVE_SECONDS if farewell.well else GRACE_SECONDS)
        known = not farewell.message or self._word_is_said()
        return Left(None if known else RunFailed(0, farewell.message, farewell.hint), GRACE_SECONDS)

    def explain(self) -> RunFailed | None:
        """Why workers of all machines have failed, if another one says so within a moment."""
        end = time.monotonic() + EXPLAIN_SECONDS
        while self._place.rank == 0 and time.monotonic() < end:
            if (left := self.look()) is not None:
                return left.cause
            time.sleep(0.02)
        return None

    def leave(self, cause: RunFailed | None, *, well: bool) -> None:
        """Tell the others that this one has ended.

        Args:
            cause: What it knows about the reason.
            well: Whether its workers did what they should.
        """
        if self._meeting is not None:
            message, hint = (cause.message, cause.hint) if cause else ("", "")
            self._meeting.leave(Farewell(self._place.rank, True, well and cause is None, message, hint))

    def _is_wanted(self) -> bool:
        """Whether nobody has asked node 0 to stop, and node 0 has not stopped; looks once a second."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return True
        self._looked = time.monotonic()
        if self._place.rank:
            return not self._word_is_said()
        (self._job / "alive").touch()
        return not any(path.exists() for path in self._wishes())

    def _answer(self) -> None:
        """Say what a worker says to a wish, where none has started."""
        pause, abort = self._wishes()
        if self._place.rank == 0 and (pause.exists() or abort.exists()):
            word = RunAborted if abort.exists() else RunPaused
            journal = Journal(self._job / "events.jsonl")
            facts = [recorded.fact for recorded in reversed(read_facts(journal.path))]
            step = next((fact.step for fact in facts if isinstance(fact, (RunStarted, TrainingLogged))), 0)
            journal.append(word(step, self._run))
            for path in (pause, abort):
                path.unlink(missing_ok=True)

    def _wishes(self) -> tuple[Path, Path]:
        return self._job / "control" / "pause", self._job / "control" / "abort"

    def _word_is_said(self) -> bool:
        facts = (recorded.fact for recorded in read_facts(self._job / "events.jsonl"))
        return last_word(facts, self._run) is not None


def is_due(job: Path, run: int) -> bool:
    """Whether the job still is at the run that a supervisor was started for."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return bool(json.loads((job / "run.json").read_bytes())["number"] == run)
    return False


def _meeting(path: Path, place: Place) -> Meeting | None:
    if place.count == 1:
        return None
    return Following(path, place.rank) if place.rank else Leading(path, place.count, place.host, place.port)


def _shared(roster: Sequence[Node]) -> dict[str, str]:
    """What every worker is told of all others."""
    devices = [
        ",".join(f"node{rank}/{id}" if rank else id for id in ids)
        for rank, node in enumerate(roster)
        for ids in node.devices
    ]
    addresses = [address for node in roster for address in node.addresses]
    return {ADDRESSES: ",".join(addresses), DEVICES: ";".join(devices)}


def _gone(node: int, count: int) -> RunFailed:
    return RunFailed(
        0,
        f"Node {node} of {count} is gone: its processes were killed, or its machine or network is down.",
        "Resume the job on every node: it goes on from its last snapshot.",
        {"cause": "node-gone", "node": node},
    )
