"""What devices and processes are busy with: real processes, a stand-in for GPUs."""

import contextlib
import os
import subprocess
import sys
import time
import tracemalloc

import psutil
import pytest

from digits_core.errors import StorageUnusable
from digits_core.events.facts import DeviceUsage, Sampled
from digits_core.scheduling.inventory import machine_devices
from digits_core.scheduling.monitor import Monitor, UsageJournal, _told, latest_usage, read_usage

SPIN = "while True: pass"
WAIT = "import time; time.sleep(600)"
#: A parent whose child does ``{}``.
FAMILY = "import subprocess, sys; print('up', flush=True); subprocess.run([sys.executable, '-c', {!r}])"


@pytest.fixture
def start():
    """Start Python processes that end with the test, children included."""
    with contextlib.ExitStack() as stack:

        def run(code):
            child = stack.enter_context(subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE))
            stack.callback(end, child)
            return child

        yield run


def end(child):
    with contextlib.suppress(psutil.Error):
        for process in (*psutil.Process(child.pid).children(recursive=True), child):
            process.kill()


def until(measured, holds, patience_s=200.0):
    """Measure until what is measured holds; a busy machine takes its time."""
    limit = time.monotonic() + patience_s
    while time.monotonic() < limit:
        time.sleep(0.2)
        found = measured()
        if holds(found):
            return found
    raise AssertionError(found)


def sampled(number):
    return Sampled((DeviceUsage("cpu:0", 12.5, number), DeviceUsage("gpu:0")), 1, None, number)


# Devices


def test_a_core_that_works_is_told_from_one_that_rests(start):
    device = next(device for device in reversed(machine_devices()) if device.kind == "cpu")
    monitor = Monitor()
    worker = start(SPIN)
    if device.core is None:
        pytest.skip("only Linux pins processes to cores")
    psutil.Process(worker.pid).cpu_affinity([device.core])
    (usage,) = until(
        lambda: monitor.sample([device.id], []).devices, lambda devices: devices[0].utilization_percent > 60
    )
    assert usage.utilization_percent <= 100
    assert usage.memory_used_bytes == pytest.approx(psutil.virtual_memory().used, rel=0.5)
    assert usage.temperature_c is None and usage.power_w is None


def test_cpu_devices_that_share_a_core_are_as_busy_as_it(monkeypatch):
    cores = len([device for device in machine_devices() if device.kind == "cpu"])
    monkeypatch.setenv("DIGITS_CPU_DEVICES", str(cores + 1))
    first, last = Monitor().sample(["cpu:0", f"cpu:{cores}"], []).devices
    assert first.utilization_percent == last.utilization_percent is not None


def test_of_a_device_that_is_not_here_nothing_is_known():
    assert Monitor().sample(["gpu:77"], []).devices == (DeviceUsage("gpu:77"),)


def test_what_a_gpu_does_not_tell_is_unknown_and_the_rest_is_told(driver):
    first, second = Monitor().sample(["gpu:0", "gpu:1"], []).devices
    assert first == DeviceUsage("gpu:0", 97.0, 5 * 2**30, 61.0, None), "no permission for its power"
    assert second == DeviceUsage("gpu:1", None, 6 * 2**30, None, None), "lost half-way"


def test_power_is_in_watts(driver):
    driver.FAULTS.clear()
    assert Monitor().sample(["gpu:0"], []).devices[0].power_w == 412.5


def test_a_gpu_that_is_lost_later_is_unknown_until_it_is_back(driver):
    monitor = Monitor()
    driver.FAULTS["nvmlDeviceGetHandleByUUID", 0] = driver.NVML_ERROR_GPU_IS_LOST
    assert monitor.sample(["gpu:0"], []).devices == (DeviceUsage("gpu:0"),)
    del driver.FAULTS["nvmlDeviceGetHandleByUUID", 0]
    assert monitor.sample(["gpu:0"], []).devices[0].utilization_percent == 97.0
    monitor.close()
    assert driver.opened == 0


def test_without_the_package_cpus_are_measured_all_the_same(driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    gpu, cpu = Monitor().sample(["gpu:0", "cpu:0"], []).devices
    assert gpu == DeviceUsage("gpu:0") and cpu.memory_used_bytes > 0


# Processes


def test_children_count_and_their_work_does_too(start):
    parent = start(FAMILY.format(SPIN))
    parent.stdout.readline()
    monitor = Monitor()
    found = until(lambda: monitor.sample([], [parent.pid]), lambda found: (found.cpu_percent or 0) > 30)
    assert found.processes == 2
    assert found.memory_bytes > psutil.Process(parent.pid).memory_info().rss


def test_a_process_and_its_child_are_counted_once_when_both_are_named(start):
    parent = start(FAMILY.format(WAIT))
    parent.stdout.readline()
    until(lambda: psutil.Process(parent.pid).children(), len)
    (child,) = psutil.Process(parent.pid).children()
    for pids in ([parent.pid, child.pid], [child.pid, parent.pid]):
        assert Monitor().sample([], pids).processes == 2


def test_a_share_of_time_is_unknown_before_some_has_passed(start):
    monitor = Monitor()
    waiting = start(WAIT)
    assert monitor.sample([], [waiting.pid]).cpu_percent is None
    assert monitor.sample([], [waiting.pid]).cpu_percent is not None


@pytest.mark.parametrize("reaped", [True, False])
def test_processes_that_ended_do_not_count(start, reaped):
    dead, alive = start(WAIT), start(WAIT)
    monitor = Monitor()
    assert monitor.sample([], [dead.pid, alive.pid]).processes == 2
    dead.kill()
    if reaped:
        dead.wait()
    found = until(lambda: monitor.sample([], [dead.pid, alive.pid]), lambda found: found.processes == 1)
    assert found.memory_bytes == pytest.approx(psutil.Process(alive.pid).memory_info().rss, rel=0.2)
    alive.kill()
    alive.wait()
    nothing = monitor.sample([], [dead.pid, alive.pid])
    assert (nothing.processes, nothing.memory_bytes) == (0, 0)


def test_a_process_that_vanishes_between_two_questions_tells_nothing(start):
    vanishing = start(WAIT)
    process = psutil.Process(vanishing.pid)
    assert _told(process) is not None
    vanishing.kill()
    vanishing.wait()
    assert _told(process) is None


# usage.jsonl


def test_samples_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "usage.jsonl"
    written = Monitor().sample(["cpu:0", "gpu:77"], [os.getpid()])
    UsageJournal(path).append(written)
    assert latest_usage(path) == written
    assert [recorded.fact for recorded in read_usage(path)] == [written]


def test_usage_stays_within_two_files_and_the_newest_is_kept(tmp_path):
    path = tmp_path / "usage.jsonl"
    journal = UsageJournal(path, most_bytes=2000)
    for number in range(100):
        journal.append(sampled(number))
        assert latest_usage(path) == sampled(number)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["usage.1.jsonl", "usage.jsonl"]
    assert all(file.stat().st_size < 2400 for file in tmp_path.iterdir())
    kept = [recorded.fact.memory_bytes for recorded in read_usage(path)]
    assert kept == list(range(100 - len(kept), 100)) and len(kept) > 7


def test_a_job_that_was_never_measured_has_no_usage(tmp_path):
    assert latest_usage(tmp_path / "usage.jsonl") is None
    assert read_usage(tmp_path / "usage.jsonl") == []


def test_a_line_that_is_being_written_waits(tmp_path):
    path = tmp_path / "usage.jsonl"
    UsageJournal(path).append(sampled(1))
    with open(path, "ab") as stream:
        stream.write(b'{"time": 2.0, "kind": "sampled", "devi')
    assert latest_usage(path) == sampled(1)


def test_the_newest_is_known_while_a_full_file_is_being_put_away(tmp_path):
    path = tmp_path / "usage.jsonl"
    UsageJournal(path).append(sampled(1))
    path.rename(tmp_path / "usage.1.jsonl")
    assert latest_usage(path) == sampled(1)


def test_only_the_end_of_a_long_file_is_read(tmp_path):
    path = tmp_path / "usage.jsonl"
    with open(path, "wb") as stream:
        stream.truncate(2**28)
    UsageJournal(path, most_bytes=2**30).append(sampled(1))
    tracemalloc.start()
    try:
        assert latest_usage(path) == sampled(1)
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_usage_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnusable, match=r"usage\.jsonl"):
        UsageJournal(tmp_path / "file" / "usage.jsonl").append(sampled(1))
