"""``digits job list`` and ``digits job watch``: many jobs at once."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time

import pytest

from digits_core.cli.watching import columns
from digits_core.scheduling.states import CLOSED
from digits_core.service.digits import Digits
from digits_core.service.views.jobs import DeviceUsageView, UsageView
from digits_core.store.index import Index, Kept

COMMAND = (sys.executable, "-m", "digits_core.cli.start", "job")
REQUEST = {
    "dataset": "colours",
    "network": "lenet",
    "backend": "numpy",
    "devices": "cpu:1",
    "epochs": 1,
    "batch": 9,
    "solver": {"name": "sgd", "rate": 0.002},
}
#: Nobody waits for its end.
ENDLESS = {**REQUEST, "epochs": 1_000_000, "validate_every": 0, "solver": {"name": "sgd", "rate": 0.0001}}


@pytest.fixture
def service(trained, monkeypatch):
    """A home with dataset `colours` and job `finished` on a machine with one CPU device."""
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "1")
    service = Digits()
    yield service
    for view in service.jobs():
        if view.state not in CLOSED:
            service.interrupt(view.job, at_once=True)


@pytest.fixture
def running(service):
    """Job `a` runs on the only device, and `b` waits for it."""
    service.submit({**ENDLESS, "name": "a", "priority": 9})
    service.submit({**REQUEST, "name": "b", "priority": 3})
    for round_ in service.watch_all(["a"]):
        if round_[0].usage is not None:
            break
    return service


@pytest.fixture
def many(service):
    """Sixty closed jobs beside `finished`, as the index keeps them."""
    view = service.job("finished")
    kept = []
    for number in range(60):
        id, created = f"job-{number:02d}", f"2026-01-01T00:00:{number:02d}+00:00"
        folder = service.home.job_folder(id)
        folder.mkdir()
        (folder / "job.json").touch()
        changes = {"job": id, "name": id, "created": created}
        kept.append(Kept(created, id, view.model_copy(update=changes).to_json()))
    Index(service.home).sync()
    Index(service.home).close(kept)
    service._runs.look(wait=True)
    return service


def test_people_see_the_newest_closed_jobs_and_how_many_are_left_out(digits, many):
    lines = digits("job", "list").out.splitlines()
    assert lines[-1] == "11 older closed jobs are left out. See them: digits job list --all"
    assert [line.split()[0] for line in lines[1:-1]] == [*(f"job-{number:02d}" for number in range(11, 60)), "finished"]
    assert len(digits("job", "list", "--all").out.splitlines()) == 1 + 61
    few = digits("job", "list", "--limit", 2).out
    assert few.splitlines()[1].startswith("job-59") and "59 older" in few


def test_the_list_is_the_same_before_the_index_knows_who_has_ended(digits, many):
    service = Digits()
    for number in range(60):
        id = f"job-{number:02d}"
        folder, finished = service.home.job_folder(id), service.home.job_folder("finished")
        shutil.copytree(finished, folder, dirs_exist_ok=True)
        request = json.loads((finished / "job.json").read_text())
        request |= {"id": id, "created": f"2026-01-01T00:00:{number:02d}+00:00"}
        (folder / "job.json").write_text(json.dumps(request))
    Index(service.home).delete()
    before = digits("job", "list").out
    service.reindex()
    assert digits("job", "list").out == before and "11 older closed jobs" in before


def test_scripts_get_every_job_unless_they_say_how_many(digits, many):
    everything = digits("job", "list", "--json").data
    assert len(everything["jobs"]) == 61 and set(everything) == {"jobs"}
    assert everything["jobs"][-1] == digits("job", "show", "finished", "--json").data
    some = digits("job", "list", "--json", "--limit", 2).data
    assert [job["name"] for job in some["jobs"]] == ["job-59", "finished"] and some["left_out"] == 59


def test_what_waits_shows_its_place_and_what_it_waits_for(digits, running):
    shown = digits("job", "show", "b", "--json").data
    assert (shown["queue_position"], shown["waits_for"], shown["priority"]) == (1, "cpu:0 (job a)", 3)
    text = digits("job", "show", "b").out
    assert "queue      number 1; waits for cpu:0 (job a)" in text and "priority   3" in text
    listed = digits("job", "list").out
    assert "queued #1" in listed and "Job b waits for cpu:0 (job a)." in listed


def test_what_runs_shows_what_it_is_busy_with(digits, running):
    usage = digits("job", "show", "a", "--json").data["usage"]
    assert usage["processes"] >= 1 and usage["memory_bytes"] > 2**20
    assert [device["id"] for device in usage["devices"]] == ["cpu:0"]
    assert "  usage      " in digits("job", "show", "a").out
    assert "usage" not in digits("job", "show", "finished", "--json").data
    assert "usage" not in digits("job", "abort", "a", "--json").data


def test_several_jobs_are_watched_to_their_ends(digits, service):
    for name in "ab":
        service.submit({**REQUEST, "name": name})
    answer = digits("job", "watch", "a", "b", "--json")
    assert answer.status == 0, answer
    assert [(job["name"], job["state"]) for job in answer.data["jobs"]] == [("a", "done"), ("b", "done")]
    assert "b: queued #1, numpy, epoch 0.00/1, waits for cpu:0 (job a)" in answer.err
    assert "a: done" in answer.err and "val accuracy" in answer.err


def test_gpus_have_a_column_and_a_narrow_terminal_keeps_what_matters(service):
    gpus = (DeviceUsageView(id="gpu:0", utilization_percent=90), DeviceUsageView(id="gpu:1", utilization_percent=70))
    usage = UsageView(processes=2, cpu_percent=150, memory_bytes=2**30, devices=gpus)
    changes = {"usage": usage, "devices": ("gpu:0", "gpu:1", "gpu:2"), "seconds_left": 4000.0}
    view = service.job("finished").model_copy(update=changes)
    header, (row,) = columns([view])
    told = dict(zip(header, row, strict=True))
    assert (told["GPU"], told["CPU"], told["memory"]) == ("80 %", "150 %", "1.0 GiB")
    assert (told["devices"], told["left"]) == ("3 × gpu", "1 h 06 min")
    narrow, (row,) = columns([view], 70)
    assert {"job", "state", "epoch", "val acc", "left", "GPU"} <= set(narrow) and "memory" not in narrow
    assert sum(map(max, zip(map(len, narrow), map(len, row), strict=True))) + 2 * (len(narrow) - 1) <= 70


def test_without_names_every_open_job_is_watched(digits, service):
    service.submit({**REQUEST, "name": "a"})
    answer = digits("job", "watch")
    assert answer.status == 0 and "done" in answer.out and "finished" not in answer.out
    assert digits("job", "watch", "--json").data == {"jobs": []}
    assert "No job is open." in digits("job", "watch").out


def test_the_worst_end_is_the_status_of_several(digits, paused):
    Digits().train({**REQUEST, "name": "a", "devices": "auto"})
    answer = digits("job", "watch", "a", "finished", "--json")
    assert answer.status == 1
    assert [job["state"] for job in answer.data["jobs"]] == ["done", "paused"]


def test_an_unknown_name_among_several_is_refused(digits, trained):
    answer = digits("job", "watch", "finished", "finishd", "--json")
    assert answer.status == 2 and "finishd" in answer.data["error"]["message"]


def test_ctrl_c_stops_watching_and_not_the_jobs(running):
    process = subprocess.Popen([*COMMAND, "watch", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline().startswith("a: running")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130 and '"jobs"' in out and "Traceback" not in err
    assert running.job("a").state == "running"


def test_a_terminal_shows_one_table_of_jobs_that_changes_in_its_place(running):
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140", "LINES": "40"}
    process = subprocess.Popen([*COMMAND, "watch"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown, limit = "", time.monotonic() + 200
    while time.monotonic() < limit and shown.count("queued #1") < 2:
        shown += os.read(terminal, 65536).decode()
    assert "images/s" in shown and "\x1b[1A" in shown and "Job b waits for cpu:0 (job a)." in shown
    process.send_signal(signal.SIGINT)
    while time.monotonic() < limit:
        try:
            shown += os.read(terminal, 65536).decode()
        except OSError:
            break
    assert process.wait(200) == 130 and "Traceback" not in shown
    os.close(terminal)
