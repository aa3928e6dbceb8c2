"""Trackers beside a run: a real supervisor, and trackers that go wrong in every way there is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from digits_core.events.facts import Noted, RunFinished, TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.store.job import JobFolder, RunRequest
from digits_core.store.tracking import read_record

#: What a worker does: facts, then the last word.
FINISH = """
from pathlib import Path
from digits_core.events.journal import Journal
from digits_core.events.facts import RunFinished, TrainingLogged
journal = Journal(Path({journal!r}))
for step in range(1, 21):
    journal.append(TrainingLogged(step, 1.0, 0.5, 0.5, 0.1, 10.0))
journal.append(RunFinished(20, "completed", 1.0, 1.0, {run}))
"""
#: And ends when two trackers have begun.
WAIT = """
import time
while not all((Path({journal!r}).parent / "trackers" / name).exists() for name in ("diary.json", "hangs.json")):
    time.sleep(0.1)
"""
SLEEP = "import time; time.sleep(100)"


@pytest.fixture
def job(trained, home, monkeypatch, tmp_path):
    """A finished job that goes on once more, where the trackers of `stand_ins/trackers` are installed."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "stand_ins" / "trackers"))
    monkeypatch.setenv("ODD_MENDED", str(tmp_path / "mended"))
    return JobFolder(home / "jobs" / "finished")


@pytest.fixture
def supervise(job):
    """Start the supervisor of run ``number``, whose one worker executes some Python."""
    begun = []

    def supervise(trackers, *, number=2, code=FINISH, patience_s=20.0):
        job.write_run(RunRequest(number=number, backend="numpy", processes=(("cpu:0",),), trackers=trackers))
        worker = [sys.executable, "-c", code.format(journal=str(job.journal.path), run=number)]
        process = {"command": worker, "environment": {}, "cores": []}
        ordered = {"processes": [process], "devices": [], "hang_seconds": 0, "trackers": trackers}
        command = [sys.executable, "-P", "-m", "digits_core.scheduling.supervisor", str(job.path), str(number)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        begun.append(child)
        with child.stdin as stream:
            stream.write(json.dumps({**ordered, "patience_s": patience_s}).encode())
        return child

    yield supervise
    for child in begun:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def facts_of(job):
    return [recorded.fact for recorded in read_facts(job.journal.path)]


def notes_of(job):
    return [fact.message for fact in facts_of(job) if isinstance(fact, Noted)]


def diary_of(job, name="diary"):
    return (job.path / name / "diary.txt").read_text().splitlines()


def lines_of(facts):
    return [f"{fact.kind} {'' if isinstance(fact, Noted) else getattr(fact, 'step', '')}" for fact in facts]


def wait_until(condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_trackers_that_go_wrong_are_noted_and_touch_neither_the_run_nor_each_other(job, supervise):
    before = facts_of(job)
    odd = {name: {} for name in ("diary", "raises", "dies", "hangs", "gone")}
    child = supervise(odd, code=FINISH + WAIT, patience_s=5.0)
    family = []
    while child.poll() is None:
        family += psutil.Process(child.pid).children() if child.poll() is None else []
        time.sleep(0.2)
    assert child.wait() == 0 and not any(process.is_running() for process in family)
    word = next(fact for fact in reversed(facts_of(job)) if not isinstance(fact, Noted))
    assert word == RunFinished(20, "completed", 1.0, 1.0, 2)
    notes = sorted(notes_of(job))
    assert [note.split()[1] for note in notes] == ["dies", "gone", "hangs", "raises"]
    died, gone, hung, raised = notes
    assert "signal 6" in died and "Unknown tracker 'gone'" in gone
    assert "5 seconds" in hung and "The other system is away. Training is not touched" in raised
    told = [line for line in diary_of(job) if line != "noted "]
    assert told == lines_of([fact for fact in (*before, *facts_of(job)[len(before) :]) if not isinstance(fact, Noted)])
    assert "ConnectionError" in (job.path / "trackers" / "raises.txt").read_text()


def test_a_tracker_that_was_away_misses_nothing(job, supervise, tmp_path):
    supervise({"raises": {}}).wait()
    assert len(notes_of(job)) == 1 and read_record(job.path, "raises").cursor == 0
    (tmp_path / "mended").touch()
    supervise({"raises": {}}, number=3).wait()
    assert diary_of(job, "raises") == lines_of(facts_of(job)) and len(notes_of(job)) == 1


@pytest.mark.parametrize("whole", [True, False], ids=["with its trackers", "alone"])
def test_every_fact_is_told_once_though_the_supervisor_is_killed(job, supervise, whole):
    child = supervise({"diary": {"slow": 0.02}}, code=FINISH + SLEEP)
    wait_until(lambda: read_record(job.path, "diary").cursor > 0)
    (os.killpg if whole else os.kill)(child.pid, signal.SIGKILL)
    child.wait()
    supervise({"diary": {}}, number=3).wait()
    assert diary_of(job) == lines_of(facts_of(job))
    assert sum(isinstance(fact, TrainingLogged) for fact in facts_of(job)) >= 40


def test_without_trackers_a_supervisor_knows_nothing_of_them(job, supervise):
    assert supervise({}).wait() == 0 and not (job.path / "trackers").exists()
    code = (
        "import sys, digits_core.scheduling.supervisor as s; assert 'digits_core.contracts.tracker' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
