"""Who runs next, and that nothing is lost whoever dies: real processes, real kills."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from digits_core.events.facts import RunFailed, RunStarted
from digits_core.events.journal import read_facts
from digits_core.scheduling.states import CLOSED
from digits_core.service.digits import Digits
from digits_core.store.index import Index
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import latest_usable

REQUEST = {
    "dataset": "colours",
    "network": "lenet",
    "backend": "numpy",
    "devices": "cpu:1",
    "epochs": 1,
    "batch": 9,
    "solver": {"name": "sgd", "rate": 0.002},
    "validate_every": 0,
}
#: Nobody waits for its end.
ENDLESS = {**REQUEST, "epochs": 1_000_000, "batch": 4, "solver": {"name": "sgd", "rate": 0.0001}}


@pytest.fixture
def digits(trained, monkeypatch):
    """A home with dataset `colours` on a machine with three CPU devices; what still runs at the end is ended."""
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "3")
    digits = Digits()
    yield digits
    for view in digits.jobs():
        if view.state not in CLOSED:
            digits.interrupt(view.job, at_once=True)


def look(digits):
    digits._runs.look(wait=True)


def wait_for(digits, condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, [(view.job, view.state) for view in digits.jobs()]
        look(digits)
        time.sleep(0.05)


def states(digits, *names):
    return [digits.job(name).state for name in names]


def submit(digits, name, **changes):
    return digits.submit({**REQUEST, "name": name, **changes})


def test_what_a_person_stops_at_once_has_not_failed_and_can_be_resumed(digits):
    submit(digits, "long", **{key: ENDLESS[key] for key in ("epochs", "batch", "solver")})
    wait_for(digits, lambda: states(digits, "long") == ["running"])
    digits.interrupt("long", at_once=True)
    wait_for(digits, lambda: digits.job("long").state == "paused")
    assert digits.job("long").error is None


def held_once(digits):
    """Devices of jobs whose processes live; fails where one is given twice."""
    devices = []
    for id in digits.home.job_ids():
        folder = JobFolder(digits.home.job_folder(id))
        handle, run = folder.process(), folder.run()
        if handle and run and handle.run == run.number and psutil.pid_exists(handle.pid):
            process = psutil.Process(handle.pid)
            if process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - handle.started) < 0.1:
                devices += run.devices
    assert len(devices) == len(set(devices)), f"held twice: {devices}"
    return devices


def test_a_submitted_job_waits_until_somebody_looks(digits):
    view = submit(digits, "a")
    assert view.state == "queued" and digits.job("a").state == "queued"
    wait_for(digits, lambda: digits.job("a").state == "done")
    assert digits.job("a").devices == ("cpu:0",)


def test_jobs_run_side_by_side_on_devices_of_their_own(digits):
    for name in "abcd":
        digits.submit({**ENDLESS, "name": name})
    wait_for(digits, lambda: states(digits, *"abc") == ["running"] * 3)
    assert digits.job("d").state == "queued"
    assert sorted(digits.holders().items()) == [("cpu:0", "a"), ("cpu:1", "b"), ("cpu:2", "c")]
    digits.abort("b")
    wait_for(digits, lambda: digits.job("d").state == "running")
    assert digits.holders()["cpu:1"] == "d" and sorted(held_once(digits)) == ["cpu:0", "cpu:1", "cpu:2"]


def test_a_job_that_waits_for_several_devices_is_not_starved(digits):
    digits.submit({**ENDLESS, "name": "one"})
    look(digits)
    submit(digits, "all", backend="torch", devices="cpu:3")
    for index in range(3):
        submit(digits, f"small{index}")
    look(digits)
    assert states(digits, "one", "all", "small0") == ["starting", "queued", "queued"]


def test_a_higher_priority_goes_first_and_equal_ones_in_order(digits):
    submit(digits, "running", devices="cpu")
    look(digits)
    submit(digits, "first", devices="cpu")
    submit(digits, "urgent", devices="cpu", priority=5)
    submit(digits, "second", devices="cpu")
    wait_for(digits, lambda: states(digits, "first", "second", "urgent") == ["done"] * 3, 120)
    begun = {name: first_fact(digits, name, RunStarted).time for name in ("urgent", "first", "second")}
    assert list(begun) == sorted(begun, key=begun.get)


def first_fact(digits, name, kind):
    facts = read_facts(JobFolder(digits.home.job_folder(name)).journal.path)
    return next(recorded for recorded in facts if isinstance(recorded.fact, kind))


def test_the_order_of_the_queue_asks_no_clock(digits, monkeypatch):
    now = time.time()
    for index, name in enumerate("abc"):
        monkeypatch.setattr(time, "time", lambda index=index: now - 86400 * index)
        submit(digits, name, devices="cpu")
    tickets = [JobFolder(digits.home.job_folder(name)).run().ticket for name in "abc"]
    assert tickets == sorted(tickets) and len(set(tickets)) == 3
    wait_for(digits, lambda: states(digits, *"abc") == ["done"] * 3, 120)


def test_a_queued_job_can_be_paused_resumed_and_aborted(digits):
    digits.submit({**ENDLESS, "name": "busy", "devices": "cpu"})
    look(digits)
    submit(digits, "a")
    submit(digits, "b")
    digits.pause("a")
    assert digits.job("a").state == "paused"
    assert digits.abort("b").state == "aborted"
    assert digits.resume("a", detach=True).state == "queued"
    digits.abort("busy")
    wait_for(digits, lambda: digits.job("a").state == "done")


def test_a_job_whose_process_is_killed_fails_and_is_started_again_where_that_was_asked(digits):
    digits.submit({**ENDLESS, "name": "a", "retries": 1, "snapshots": {"every": 0.5}})
    wait_for(digits, lambda: len(digits.job("a").snapshots) > 1)
    folder = JobFolder(digits.home.job_folder("a"))
    kill_group(folder.process().pid)
    wait_for(digits, lambda: digits.job("a").state == "running" and digits.job("a").runs == 2)
    assert first_fact(digits, "a", RunFailed).fact.run == 1
    assert any("1 more may be tried" in note for note in digits.job("a").notes)
    kill_group(folder.process().pid)
    wait_for(digits, lambda: digits.job("a").state == "failed")
    look(digits)
    assert "SIGKILL" in digits.job("a").error.message


def kill_group(pid):
    os.killpg(pid, signal.SIGKILL)


def test_a_run_that_its_scheduler_died_over_goes_back_into_the_queue(digits):
    submit(digits, "a")
    folder = JobFolder(digits.home.job_folder("a"))
    # As far as a scheduler comes that is killed between the two.
    folder.write_run(folder.run().model_copy(update={"processes": (("cpu:0",),)}))
    assert digits.job("a").state == "starting"
    wait_for(digits, lambda: digits.job("a").state == "done")
    assert folder.run().number == 2


def test_a_running_job_is_neither_renamed_nor_deleted_and_a_done_one_is(digits):
    submit(digits, "a")
    for act in (lambda: digits.delete_job("a"), lambda: digits.rename("a", "b")):
        with pytest.raises(Exception, match="is queued, so it cannot be"):
            act()
    wait_for(digits, lambda: digits.job("a").state == "done")
    assert digits.rename("a", "b").name == "b"
    assert digits.job("b").state == "done" and "a" not in digits.home.job_ids()
    digits.delete_job("b")
    submit(digits, "b")
    wait_for(digits, lambda: digits.job("b").state == "done")


def test_a_clone_asks_for_the_same_with_a_name_of_its_own(digits):
    request = digits.clone("finished", {"name": "again", "epochs": 1.0})
    view = digits.train(request)
    assert view.name == "again" and view.epochs == 1.0 and view.state == "done"
    assert digits.job("finished").dataset == view.dataset


def test_the_index_deleted_and_built_anew_equals_the_old_one(digits):
    for name in "ab":
        submit(digits, name)
    wait_for(digits, lambda: states(digits, *"ab") == ["done"] * 2)
    wait_for(digits, lambda: not digits.holders())
    submit(digits, "queued", devices="cpu")
    digits.home.job_folder("queued").joinpath("control", "pause").touch()
    look(digits)
    index = Index(digits.home)
    before, views = index.closed(), digits.jobs()
    assert {kept.id for kept in before} == {"a", "b", "finished", "queued"}
    assert digits.reindex() == 4
    assert index.closed() == before and digits.jobs() == views


def test_many_may_find_a_new_job_at_the_same_moment(digits):
    looks = [Index(digits.home) for _ in range(8)]
    with ThreadPoolExecutor(len(looks)) as pool:
        for _ in range(30):
            looks[0].reopen("finished")
            assert list(pool.map(Index.sync, looks)) == [("finished",)] * len(looks)


@pytest.mark.parametrize("damage", [b"", b"no database at all, but long enough to look like one" * 100])
def test_a_damaged_index_comes_back_by_itself(digits, damage):
    before = digits.jobs()
    look(digits)
    Index(digits.home).path.write_bytes(damage)
    assert digits.jobs() == before


def test_a_job_that_cannot_be_looked_at_is_told_of_once_and_others_run(digits, home, caplog):
    (home / "jobs" / "finished" / "run.json").write_text("{")
    Index(digits.home).delete()
    assert digits.train({**REQUEST, "name": "a"}).state == "done"
    warned = [record.getMessage() for record in caplog.records if "cannot be looked at" in record.getMessage()]
    assert len(warned) == 1 and warned[0].startswith("Job finished cannot be looked at")


def test_two_schedulers_never_give_a_device_twice(digits, home):
    for index in range(8):
        submit(digits, f"job{index}")
    schedulers = [start_scheduler(home) for _ in range(3)]
    try:
        end = time.monotonic() + 200
        while not all(view.state == "done" for view in digits.jobs()):
            held_once(digits)
            assert time.monotonic() < end, [(view.job, view.state) for view in digits.jobs()]
            time.sleep(0.05)
    finally:
        for scheduler in schedulers:
            scheduler.kill()
            scheduler.wait()
    assert [JobFolder(digits.home.job_folder(f"job{index}")).run().number for index in range(8)] == [1] * 8


def start_scheduler(home):
    return subprocess.Popen([sys.executable, "-m", "digits_core.service.background", str(home)])


def test_a_scheduler_in_the_background_is_started_once_and_ends_when_nothing_is_left(digits, home, monkeypatch):
    submit(digits, "a")
    process = digits.ensure_scheduler()
    try:
        deadline = time.monotonic() + 200
        while not (home / "scheduler.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert digits.ensure_scheduler() is None
        while psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.waitpid(process, 0)
    assert digits.job("a").state == "done" and not (home / "scheduler.json").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_jobs_on_two_devices_finish_in_order_and_none_is_lost(digits, monkeypatch):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
    names = [f"job{index:03}" for index in range(200)]
    for name in names:
        submit(digits, name, network=str(tiny_network(digits.home.path)))
    wait_for(digits, lambda: not digits._runs._scheduler.stands(), 800)
    assert {view.state for view in digits.jobs()} == {"done"} and len(digits.jobs()) == 201
    begun = [JobFolder(digits.home.job_folder(name)).process().started for name in names]
    assert begun == sorted(begun)


def tiny_network(folder):
    path = Path(folder) / "tiny.yaml"
    if not path.exists():
        layers = [{"name": "logits", "op": "dense", "units": "$classes"}]
        path.write_text(json.dumps({"name": "tiny", "input": {"scale": 0.004}, "layers": layers}))
    return path


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.backend("torch")
def test_whoever_is_killed_every_job_ends_defined_every_device_is_free_and_weights_are_bit_equal(digits, home):
    """Thirty kills at random moments: a worker, one of two, the supervisor, the scheduler, or both."""
    chance = random.Random(7)
    long = {**REQUEST, "epochs": 60, "snapshots": {"every": 2, "keep": 2}, "retries": 1000}
    jobs = {
        "alone": {**long, "backend": "numpy"},
        "pair": {**long, "backend": "torch", "devices": "cpu:2", "epochs": 400, "batch": 8},
    }
    for name, request in jobs.items():
        assert digits.train({**request, "name": f"{name}-whole"}).state == "done"
    scheduler = start_scheduler(home)
    kills = 0
    while kills < 30:
        for name, request in jobs.items():
            if name not in digits.home.job_ids():
                digits.submit({**request, "name": name})
            elif digits.job(name).state == "done":
                assert_same_weights(digits, name)
                digits.delete_job(name)
        time.sleep(chance.uniform(0.1, 2.5))
        victims = chance.choice(["worker", "supervisor", "scheduler", "both"])
        target = JobFolder(digits.home.job_folder(chance.choice(list(jobs))))
        if victims in ("scheduler", "both"):
            scheduler.kill()
            scheduler.wait()
        handle = target.process() if target.path.exists() else None
        if victims != "scheduler" and handle:
            kill_one(handle.pid, chance, supervisor=victims != "worker")
        if scheduler.poll() is not None:
            scheduler = start_scheduler(home)
        held_once(digits)
        kills += 1
    end = time.monotonic() + 600
    while digits.holders() or not all(view.state == "done" for view in digits.jobs()):
        assert time.monotonic() < end, [(view.job, view.state, view.error) for view in digits.jobs()]
        if scheduler.poll() is not None:
            scheduler = start_scheduler(home)
        time.sleep(0.1)
    scheduler.kill()
    scheduler.wait()
    for name in jobs:
        if name in digits.home.job_ids():
            assert_same_weights(digits, name)
    assert held_once(digits) == []
    assert not [process for process in psutil.process_iter(["cmdline"]) if of_home(process, home)]


def of_home(process, home):
    return str(home) in " ".join(process.info["cmdline"] or [])


def kill_one(pid, chance, *, supervisor):
    try:
        leader = psutil.Process(pid)
        workers = leader.children()
        victim = leader if supervisor or not workers else chance.choice(workers)
        victim.kill()
    except psutil.Error:
        pass


def assert_same_weights(digits, name):
    found, whole = (
        latest_usable(JobFolder(digits.home.job_folder(id)).snapshots_folder) for id in (name, f"{name}-whole")
    )
    assert found.state.step == whole.state.step
    different = [key for key, array in whole.arrays.items() if not np.array_equal(found.arrays[key], array)]
    assert not different


def test_a_job_that_is_resumed_while_others_look_is_never_lost(digits):
    digits.submit({**ENDLESS, "name": "a"})
    stop = threading.Event()
    others = [threading.Thread(target=keep_looking, args=(Digits(digits.home.path), stop)) for _ in range(2)]
    for other in others:
        other.start()
    try:
        for _ in range(4):
            wait_for(digits, lambda: digits.job("a").state == "running")
            digits.pause("a")
            wait_for(digits, lambda: digits.job("a").state == "paused")
            digits.resume("a", detach=True)
    finally:
        stop.set()
        for other in others:
            other.join()


def keep_looking(digits, stop):
    while not stop.is_set():
        look(digits)
