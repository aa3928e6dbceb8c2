"""Processes of this machine: a real supervisor, with workers that do what a test wants."""

import json
import os
import signal
import sys
import time

import psutil
import pytest

from digits_core.contracts.launcher import Handle
from digits_core.errors import SpecInvalid, StateConflict
from digits_core.events.facts import RunFailed, RunFinished, RunPaused
from digits_core.events.journal import read_facts
from digits_core.hooks.registry import discover
from digits_core.scheduling import local
from digits_core.scheduling.addresses import free_addresses
from digits_core.scheduling.local import LocalLauncher
from digits_core.scheduling.logs import pump_log
from digits_core.store.job import JobFolder, RunRequest

SLEEP = "import time; print('awake', flush=True); time.sleep(100)"
#: Says what a worker says that has finished.
FINISH = f"""
from pathlib import Path
from digits_core.events.journal import Journal
from digits_core.events.facts import RunFinished
Journal(Path("events.jsonl")).append({RunFinished(9, "completed", 1.0, 1.0, 1)!r})
"""


def wait_until(condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


class Started:
    """A run whose workers execute some Python."""

    def __init__(self, folder, codes, *, hang_seconds=0.0):
        self.folder = JobFolder(folder)
        processes = tuple((f"cpu:{index}",) for index in range(len(codes)))
        self.folder.write_run(RunRequest(number=1, backend="numpy", processes=processes))
        self.launcher = LocalLauncher()
        self.codes, self.hang_seconds = codes, hang_seconds

    def orders(self, job, run):
        processes = [
            {"command": [sys.executable, "-c", f"import os; os.chdir({str(self.folder.path)!r})\n" + code]}
            for code in self.codes
        ]
        processes = [{**process, "environment": {}, "cores": []} for process in processes]
        return {"processes": processes, "devices": ["cpu:0"], "hang_seconds": self.hang_seconds}

    def start(self):
        self.handle = self.launcher.start(self.folder.path, 1)
        self.folder.write_process(self.handle)
        return self

    def wait(self):
        wait_until(lambda: not self.launcher.alive(self.handle))
        return self

    def facts(self):
        return [recorded.fact for recorded in read_facts(self.folder.journal.path)]

    def log(self, index=0):
        path = self.folder.path / ("log.txt" if index == 0 else f"log-{index}.txt")
        return path.read_text() if path.exists() else ""

    def workers(self):
        return psutil.Process(self.handle.pid).children(recursive=True)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a run whose workers execute the given codes."""
    begun = []

    def start(*codes, **options):
        run = Started(tmp_path, codes, **options)
        monkeypatch.setattr(local, "orders", run.orders)
        begun.append(run.start())
        return run

    yield start
    for run in begun:
        run.launcher.stop(run.handle)


def test_it_is_found_as_the_launcher_called_local():
    assert discover().launchers.get("local") is LocalLauncher


def test_a_run_is_a_session_of_its_own_and_prints_into_the_log(start):
    run = start(SLEEP)
    wait_until(lambda: "awake" in run.log())
    assert os.getsid(run.handle.pid) == run.handle.pid != os.getsid(0)
    assert run.launcher.alive(run.handle) and LocalLauncher().alive(run.handle)
    assert run.launcher.exit_code(run.handle) is None
    workers = run.workers()
    run.launcher.stop(run.handle)
    run.wait()
    assert run.launcher.exit_code(run.handle) == -signal.SIGKILL
    wait_until(lambda: not any(worker.is_running() for worker in workers))


def test_a_run_that_says_its_last_word_is_not_spoken_for(start):
    run = start(FINISH).wait()
    assert run.facts() == [RunFinished(9, "completed", 1.0, 1.0, 1)] and run.launcher.exit_code(run.handle) == 0


def test_a_worker_that_dies_without_a_word_gets_one_with_the_signal(start):
    (word,) = start("import os; os.kill(os.getpid(), 11)").wait().facts()
    assert isinstance(word, RunFailed) and "SIGSEGV" in word.message and word.run == 1


def test_a_worker_that_ends_with_a_status_gets_a_word_with_it(start):
    (word,) = start("raise SystemExit(7)").wait().facts()
    assert "exit code 7" in word.message


def test_when_one_of_two_is_killed_the_other_ends_and_the_killed_one_is_the_cause(start):
    run = start(SLEEP, SLEEP)
    wait_until(lambda: "awake" in run.log(0) and "awake" in run.log(1))
    second = next(worker for worker in run.workers() if worker.cmdline()[-1].endswith(SLEEP))
    others = run.workers()
    second.kill()
    (word,) = run.wait().facts()
    assert "of 2" in word.message and "SIGKILL" in word.message
    assert not any(worker.is_running() for worker in others)


def test_a_worker_that_aborts_after_a_good_end_has_ended_well(start):
    run = start(FINISH + "\nimport os; os.abort()", SLEEP).wait()
    assert run.facts() == [RunFinished(9, "completed", 1.0, 1.0, 1)]


def test_of_a_killed_worker_and_one_that_misses_it_the_killed_one_is_the_cause(start):
    misses = FINISH.replace("import RunFinished", "import RunFailed").replace(
        repr(RunFinished(9, "completed", 1.0, 1.0, 1)), repr(RunFailed(3, "Lost the others.", run=1))
    )
    run = start(misses + "\nraise SystemExit(1)", "import os; os.kill(os.getpid(), 9)").wait()
    assert "SIGKILL" in run.facts()[-1].message


def test_a_disk_that_takes_no_samples_ends_no_run(start, tmp_path):
    (tmp_path / "usage.jsonl").mkdir()
    code = "import time; time.sleep(2)\n" + FINISH
    assert start(code).wait().facts() == [RunFinished(9, "completed", 1.0, 1.0, 1)]


def test_a_grandchild_does_not_outlive_the_run(start):
    run = start("import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])")
    wait_until(lambda: run.folder.path.joinpath("log.txt").exists())
    run.wait()
    alive = [process for process in psutil.process_iter(["cmdline"]) if "sleep(100)" in str(process.info["cmdline"])]
    assert not alive


def test_workers_end_when_the_supervisor_is_killed(start):
    # What real workers do: they hang on to their standard input.
    code = "from digits_core.training.worker import hang_on; print('awake', flush=True); hang_on()"
    run = start(code)
    wait_until(lambda: "awake" in run.log())
    (worker,) = run.workers()
    os.kill(run.handle.pid, signal.SIGKILL)
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_a_run_in_which_nothing_moves_is_ended_and_the_log_says_where_it_stood(start):
    code = (
        "import faulthandler, signal; faulthandler.register(signal.SIGUSR1)\ndef stuck():\n  while True: pass\nstuck()"
    )
    run = start(code, hang_seconds=1.0).wait()
    (word,) = run.facts()
    assert "Nothing moved for 1 seconds" in word.message and "in stuck" in run.log()


def test_a_run_that_shows_signs_of_life_is_left_alone(start):
    code = "import time, pathlib\nfor _ in range(20): pathlib.Path('beat').touch(); time.sleep(0.1)\n" + FINISH
    assert isinstance(start(code, hang_seconds=1.0).wait().facts()[-1], RunFinished)


def test_a_signal_to_end_becomes_a_request_to_pause(start):
    run = start(SLEEP)
    wait_until(lambda: "awake" in run.log())
    os.kill(run.handle.pid, signal.SIGTERM)
    wait_until(lambda: "pause" in run.folder.asked())
    assert run.launcher.alive(run.handle)


def test_a_supervisor_that_comes_too_late_leaves_everything_alone(tmp_path, monkeypatch):
    run = Started(tmp_path, [FINISH])
    monkeypatch.setattr(local, "orders", run.orders)
    real = local.subprocess.Popen

    def popen(*arguments, **options):
        run.folder.write_run(RunRequest(number=2, backend="numpy"))
        return real(*arguments, **options)

    monkeypatch.setattr(local.subprocess, "Popen", popen)
    run.start().wait()
    assert run.facts() == [] and run.launcher.exit_code(run.handle) == 0


def test_a_run_that_nobody_asked_for_is_not_started(tmp_path):
    JobFolder(tmp_path).write_run(RunRequest(number=2, backend="numpy"))
    with pytest.raises(StateConflict, match="does not wait for run 1"):
        LocalLauncher().start(tmp_path, 1)


def test_use_is_sampled_while_a_run_lasts(start):
    run = start(SLEEP)
    wait_until(lambda: (run.folder.usage_path).exists())
    sample = json.loads(run.folder.usage_path.read_text().splitlines()[0])
    assert sample["devices"][0]["id"] == "cpu:0" and sample["memory_bytes"] > 0


def test_another_process_that_got_the_same_pid_is_not_taken_for_the_run():
    me = psutil.Process()
    launcher = LocalLauncher()
    assert launcher.alive(Handle(me.pid, me.create_time()))
    assert not launcher.alive(Handle(me.pid, me.create_time() - 5))
    launcher.stop(Handle(me.pid, me.create_time() - 5))  # would end this test run


def test_a_zombie_is_not_alive_and_stopping_it_does_nothing(start):
    run = start(SLEEP)
    os.kill(run.handle.pid, signal.SIGKILL)
    wait_until(lambda: psutil.Process(run.handle.pid).status() == psutil.STATUS_ZOMBIE)
    assert not LocalLauncher().alive(run.handle)
    assert not run.launcher.alive(run.handle)
    run.launcher.stop(run.handle)


def test_a_log_stays_within_bounds_and_keeps_its_end(tmp_path):
    reader, writer = os.pipe()
    log = tmp_path / "log.txt"
    with os.fdopen(writer, "wb") as stream:
        for number in range(200):
            stream.write(b"%07d\n" % number)
    with os.fdopen(reader, "rb") as stream:
        pump_log(stream, log, most=400, piece=80)
    kept = (tmp_path / "log.1.txt").read_bytes() + log.read_bytes()
    assert log.stat().st_size <= 400 and kept.endswith(b"0000199\n") and len(kept) <= 800


def test_addresses_are_free_and_all_different():
    addresses = free_addresses(5)
    assert len(set(addresses)) == 5 and all(address.startswith("127.0.0.1:") for address in addresses)


def test_a_wrong_number_of_seconds_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITS_HANG_SECONDS", "soon")
    job = JobFolder(tmp_path / "jobs" / "a")
    job.path.mkdir(parents=True)
    job.write_run(RunRequest(number=1, backend="numpy", processes=(("cpu:0",),)))
    with pytest.raises(SpecInvalid, match="DIGITS_HANG_SECONDS expects"):
        LocalLauncher().start(job.path, 1)


def test_cpu_processes_are_kept_on_their_cores_and_see_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "3")
    job = JobFolder(tmp_path / "jobs" / "a")
    run = RunRequest(number=1, backend="numpy", processes=(("cpu:0",), ("cpu:1",)))
    ordered = local.orders(job, run)
    first, second = ordered["processes"]
    assert len(first["cores"]) == len(second["cores"]) == 1 and ordered["devices"] == ["cpu:0", "cpu:1"]
    assert first["environment"]["OMP_NUM_THREADS"] == "1" and first["environment"]["CUDA_VISIBLE_DEVICES"] == ""
    assert len(first["environment"]["DIGITS_ADDRESSES"].split(",")) == 2
    assert int(first["environment"]["GOMP_SPINCOUNT"]) < 300_000
    whole = local.orders(job, RunRequest(number=1, backend="numpy", processes=(("cpu:0", "cpu:1", "cpu:2"),)))
    assert whole["processes"][0]["cores"] == [] and "OMP_NUM_THREADS" not in whole["processes"][0]["environment"]


def test_a_backend_may_have_a_python_of_its_own(tmp_path):
    (tmp_path / "settings.yaml").write_text("interpreters: {numpy: /opt/other/bin/python}\n")
    ordered = local.orders(
        JobFolder(tmp_path / "jobs" / "a"), RunRequest(number=1, backend="numpy", processes=(("cpu:0",),))
    )
    assert ordered["processes"][0]["command"][0] == "/opt/other/bin/python"


def test_a_paused_run_is_not_a_failed_one(start):
    code = FINISH.replace("import RunFinished", "import RunPaused").replace(
        repr(RunFinished(9, "completed", 1.0, 1.0, 1)), repr(RunPaused(4, 1))
    )
    assert start(code).wait().facts() == [RunPaused(4, 1)]
