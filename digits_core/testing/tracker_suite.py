"""The conformance kit of trackers: subclass, give the class and a way to read back, run pytest.

::

    class TestDiary(TrackerSuite):
        @pytest.fixture
        def tracker(self):
            return Diary

        @pytest.fixture
        def read(self):
            return read_diary

Where the default settings are not the ones to test, give others through the fixture ``params``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from digits_core.contracts.tracker import Mark, TrackedJob, Tracker
from digits_core.events.facts import (
    Fact,
    Noted,
    ProgramBuilt,
    Progressed,
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
    TrainingLogged,
    Validated,
)
from digits_core.events.journal import Recorded
from digits_core.events.series import series
from digits_core.spec.job import JobSpec
from digits_core.testing.graphs import two_headed

#: For every series the steps and values that it has, in the order in which they were written.
Curves: TypeAlias = Mapping[str, list[tuple[int, float]]]
#: Reads curves back from where a tracker says that it writes.
Read: TypeAlias = Callable[[str], Curves]

START = 1_700_000_000.0


def run_of(number: int, first: int, last: int, word: Fact | None = None) -> list[Recorded]:
    """The facts of a run from step ``first`` + 1 to ``last``, a second each; a later run is a minute later."""
    facts: list[Fact] = [RunStarted(number, "numpy", ("cpu:0",), first, 9, 3)]
    for step in range(first + 1, last + 1):
        loss = 2.0 / step + number / 16
        logged = TrainingLogged(step, step / 3, loss, 0.5, 0.01, 100.0, (loss,), {"aux": loss / 2})
        facts.append(logged)
        if step % 3 == 0:
            facts += [Validated(step, step / 3, loss, 0.5, 1.0), SnapshotSaved(step, step / 3, f"{step:06d}-epoch")]
    facts += [word] if word else []
    return [Recorded(START + 60 * number + index, fact) for index, fact in enumerate(facts)]


#: One fact of each other kind that a journal may have.
OTHERS = [
    Recorded(START, fact)
    for fact in (Noted("Something."), ProgramBuilt("nothing"), Progressed(3), RunPaused(3), RunFailed(3, "No."))
]


def curves_of(records: list[Recorded]) -> dict[str, list[tuple[int, Any]]]:
    """What is to be read back of ``records``; other systems keep numbers to six digits or more."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for _, fact in records:
        for name, value in series(fact).items():
            # Only facts with a step have values.
            found.setdefault(name, []).append((getattr(fact, "step", 0), pytest.approx(value, rel=1e-6)))
    return found


class TrackerSuite:
    """What every tracker must satisfy."""

    @pytest.fixture
    def tracker(self) -> type[Tracker]:
        """The class under test."""
        raise NotImplementedError("give the fixture `tracker`")

    @pytest.fixture
    def read(self) -> Read:
        """What reads back everything that was written; where the same step comes twice, the newer value may do."""
        raise NotImplementedError("give the fixture `read`")

    @pytest.fixture
    def params(self) -> dict[str, Any]:
        """Its settings."""
        return {}

    @pytest.fixture
    def job(self, tmp_path: Path) -> TrackedJob:
        """A job to be followed."""
        folder = tmp_path / "jobs" / "followed"
        folder.mkdir(parents=True)
        spec = JobSpec(dataset="shapes", network="lenet", name="followed").model_dump(mode="json")
        request = {"id": "followed", "created": "2026-01-02T03:04:05+00:00", "spec": spec, "backend": "numpy"}
        return TrackedJob("followed", folder, tmp_path / "trackers" / "shared", request, two_headed())

    @pytest.fixture
    def follow(self, tracker: type[Tracker], params: dict[str, Any], job: TrackedJob) -> Iterator[Follow]:
        """Tells a new tracker of that class about the job, as a process of its own would."""
        follow = Follow(tracker, params, job)
        yield follow
        follow.close()

    def test_it_says_what_its_settings_mean(self, tracker: type[Tracker]) -> None:
        fields = tracker.Params.model_fields
        undescribed = [name for name, field in fields.items() if not field.description]
        assert tracker.name and not undescribed, "a setting without a description has no documentation"
        assert tracker.of_home <= set(fields), "what only the home may set is a setting"

    def test_what_happened_can_be_read_back(self, follow: Follow, read: Read) -> None:
        told = run_of(1, 0, 9, RunFinished(9, "completed", 100.0, 0.1, 1))
        follow(told)
        assert _only(read(follow.where), told) == curves_of(told)

    def test_it_writes_only_where_it_says(self, follow: Follow, job: TrackedJob) -> None:
        follow(run_of(1, 0, 3))
        written = [path for path in job.folder.iterdir() if path.name != follow.tracker.name]
        assert not written, "a tracker keeps to a folder of its own"
        assert "://" in follow.where or Path(follow.where).exists()

    def test_its_mark_is_plain_data(self, follow: Follow) -> None:
        mark = follow(run_of(1, 0, 3))
        assert json.loads(json.dumps(mark)) == mark

    def test_facts_of_every_kind_are_taken(self, follow: Follow) -> None:
        for record in OTHERS:
            follow([record])
        follow([Recorded(START, RunAborted(3))])

    def test_when_it_goes_on_nothing_is_lost_or_doubled(self, follow: Follow, read: Read) -> None:
        told = run_of(1, 0, 9)
        mark: Mark = {}
        for record in told:
            mark = follow([record], mark)
        assert _only(read(follow.where), told) == curves_of(told)

    @pytest.mark.parametrize("flushed", [False, True], ids=["before it wrote", "before its mark was kept"])
    def test_what_it_was_told_when_it_was_killed_is_not_doubled(
        self, follow: Follow, read: Read, flushed: bool
    ) -> None:
        told = run_of(1, 0, 9)
        mark = follow(told[:4])
        follow(told[4:8], mark, flushes=flushed, closes=False)
        mark = follow(told[4:], mark)
        follow([], mark)
        assert _only(read(follow.where), told) == curves_of(told)

    def test_what_is_flushed_survives_its_death(self, follow: Follow, read: Read) -> None:
        told = run_of(1, 0, 9)
        mark = follow(told[:6], closes=False)
        follow(told[6:], mark, closes=False)
        assert _only(read(follow.where), told) == curves_of(told)

    def test_it_goes_on_in_the_same_place(self, follow: Follow) -> None:
        mark = follow(run_of(1, 0, 3, RunPaused(3, 1)))
        before = follow.where
        follow(run_of(2, 3, 9), mark)
        assert follow.where == before

    def test_of_steps_that_are_done_again_the_newer_value_counts(self, follow: Follow, read: Read) -> None:
        mark = follow(run_of(1, 0, 5))
        again = run_of(2, 3, 9)
        follow(again, mark)
        found = read(follow.where)
        for name, points in curves_of(again).items():
            newest = dict(found[name])
            assert [(step, newest[step]) for step, _ in points] == points


class Follow:
    """Tells trackers of one class about one job, each as if it were in a process of its own.

    Args:
        tracker: The class.
        params: Their settings.
        job: The job.
    """

    def __init__(self, tracker: type[Tracker], params: dict[str, Any], job: TrackedJob) -> None:
        self.tracker = tracker
        #: Where the last one said that it writes.
        self.where = ""
        self._params, self._job = params, job
        self._left: list[Tracker] = []

    def __call__(
        self, records: list[Recorded], mark: Mark | None = None, *, flushes: bool = True, closes: bool = True
    ) -> Mark:
        """Let one begin at a mark, hear ``records`` and end.

        Args:
            records: What is told.
            mark: What is known of those before it.
            flushes: Whether it gets to write them.
            closes: Whether it gets to end; else it is killed there.

        Returns:
            Its mark.
        """
        made = self.tracker(self.tracker.Params.model_validate(self._params))
        self.where = made.begin(self._job, mark or {})
        for record in records:
            made.receive(record)
        found = json.loads(json.dumps(dict(made.flush()))) if flushes else {}
        if closes:
            made.close()
        else:
            self._left.append(made)
        return found

    def close(self) -> None:
        """Let those end that were killed, so that no file stays open."""
        for left in self._left:
            left.close()


def _only(found: Curves, told: list[Recorded]) -> dict[str, list[tuple[int, float]]]:
    """Of what was read, the series that were told; a tracker may write more."""
    return {name: list(found.get(name, [])) for name in curves_of(told)}
