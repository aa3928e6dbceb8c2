import os
import signal
import sys
import time

import psutil
import pytest

from digits_core.contracts.backend import Device, ProcessLayout
from digits_core.contracts.launcher import Handle
from digits_core.errors import CapabilityMissing
from digits_core.hooks.registry import discover
from digits_core.scheduling import local
from digits_core.scheduling.local import LocalLauncher, worker_environment

ONE = ProcessLayout(((),))


@pytest.fixture
def sleeping(monkeypatch):
    """Let the launcher start a Python that sleeps, in place of the worker that would end at once."""
    real = local.subprocess.Popen

    def popen(command, **options):
        code = "import time; print('awake', flush=True); time.sleep(60)"
        return real([sys.executable, "-c", code], **options)

    monkeypatch.setattr(local.subprocess, "Popen", popen)


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_it_is_found_as_the_launcher_called_local():
    assert discover().launchers.get("local") is LocalLauncher


def test_a_worker_runs_in_a_session_of_its_own_and_prints_into_the_log(tmp_path, sleeping):
    (tmp_path / "log.txt").write_text("before\n")
    launcher = LocalLauncher()
    handle = launcher.start(tmp_path, ONE)
    try:
        wait_until(lambda: "awake" in (tmp_path / "log.txt").read_text())
        assert (tmp_path / "log.txt").read_text().startswith("before\n")
        assert os.getsid(handle.pid) == handle.pid != os.getsid(0)
        assert launcher.alive(handle) and LocalLauncher().alive(handle)
        assert launcher.exit_code(handle) is None
    finally:
        launcher.stop(handle)
    wait_until(lambda: not launcher.alive(handle))
    assert launcher.exit_code(handle) == -signal.SIGKILL


def test_another_process_that_got_the_same_pid_is_not_taken_for_the_worker():
    me = psutil.Process()
    launcher = LocalLauncher()
    assert launcher.alive(Handle(me.pid, me.create_time()))
    assert not launcher.alive(Handle(me.pid, me.create_time() - 5))
    launcher.stop(Handle(me.pid, me.create_time() - 5))  # would end this test run


def test_a_zombie_is_not_alive(tmp_path, sleeping):
    launcher = LocalLauncher()
    handle = launcher.start(tmp_path, ONE)
    os.kill(handle.pid, signal.SIGKILL)
    wait_until(lambda: psutil.Process(handle.pid).status() == psutil.STATUS_ZOMBIE)
    assert not LocalLauncher().alive(handle)
    assert not launcher.alive(handle)


def test_stopping_what_has_ended_does_nothing(tmp_path, sleeping):
    launcher = LocalLauncher()
    handle = launcher.start(tmp_path, ONE)
    launcher.stop(handle)
    wait_until(lambda: not launcher.alive(handle))
    launcher.stop(handle)


def test_several_processes_are_refused(tmp_path):
    layout = ProcessLayout(((Device("cpu:0", "cpu", "a"),), (Device("cpu:1", "cpu", "b"),)))
    with pytest.raises(CapabilityMissing, match="one process per job"):
        LocalLauncher().start(tmp_path, layout)


def test_workers_do_not_import_from_the_folder_they_are_started_in(tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit('imported from the current folder')\n")
    monkeypatch.chdir(tmp_path)
    launcher = LocalLauncher()
    handle = launcher.start(tmp_path, ONE)
    wait_until(lambda: not launcher.alive(handle), 60)
    assert "current folder" not in (tmp_path / "log.txt").read_text()


def test_what_the_user_set_for_frameworks_is_kept():
    assert int(worker_environment({})["NPROC"]) >= 8
    assert worker_environment({"NPROC": "3"})["NPROC"] == "3"
