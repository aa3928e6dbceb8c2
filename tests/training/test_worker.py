"""The worker as a process of its own: killed, signalled, and given what cannot work."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from digits_core.disk import write_file
from digits_core.events.facts import (
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
    TrainingLogged,
)
from digits_core.events.journal import read_facts
from digits_core.store import snapshots
from digits_core.store.job import RunRequest
from digits_core.store.snapshots import latest_usable, list_snapshots
from digits_core.training import preparation

FRAMEWORKS = [pytest.param(name, marks=pytest.mark.backend(name)) for name in ("torch", "jax", "tensorflow")]

# Each start of a process imports the framework anew.
SLOW_FRAMEWORKS = [pytest.param(*each.values, marks=[*each.marks, pytest.mark.slow]) for each in FRAMEWORKS]


def facts(job, *kinds):
    return [recorded.fact for recorded in read_facts(job.journal.path) if isinstance(recorded.fact, kinds)]


def last(job):
    return read_facts(job.journal.path)[-1].fact


@pytest.fixture
def start():
    """Start a worker on a job; whatever still runs at the end of the test is killed."""
    started = []

    def start(job, number=1):
        job.write_run(job.run().model_copy(update={"number": number}))
        command = [sys.executable, "-m", "digits_core.training.worker", str(job.path)]
        with open(job.log_path, "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(job, process, kind, *, run=1, count=1):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        recorded = facts(job, RunStarted, kind)
        runs = [index for index, fact in enumerate(recorded) if isinstance(fact, RunStarted)]
        if len(runs) >= run and sum(isinstance(fact, kind) for fact in recorded[runs[run - 1] :]) >= count:
            return
        assert process.poll() is None, job.log_path.read_text()
        time.sleep(0.005)
    raise AssertionError(f"no {kind.__name__} in time: {job.log_path.read_text()}")


@pytest.mark.parametrize("backend", ["numpy", *SLOW_FRAMEWORKS])
def test_a_worker_that_is_killed_again_and_again_ends_as_one_that_was_not(make_job, start, backend):
    fields = {"backend": backend, "epochs": 12, "snapshots": {"every": 0.25, "keep": 3}}
    whole, job = make_job("whole", **fields), make_job("killed", **fields)
    assert start(whole).wait(400) == 0, whole.log_path.read_text()
    draw = random.Random(0)
    for number in (1, 2, 3):
        process = start(job, number)
        wait_for(job, process, TrainingLogged, run=number, count=draw.randint(1, 12))
        time.sleep(draw.random() / 20)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert start(job, 4).wait(400) == 0, job.log_path.read_text()
    found, expected = latest_usable(job.snapshots_folder), latest_usable(whole.snapshots_folder)
    assert found.damaged == ()
    assert found.state.step == expected.state.step
    assert found.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)
    assert facts(job, RunStarted)[-1].step > 0


@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_a_run_paused_in_a_framework_goes_on_exactly(make_job, carry, backend):
    whole, job = make_job("whole", backend=backend), make_job("broken", backend=backend)
    carry(whole)
    carry(job, {5: "pause"})
    assert carry(job, number=2) == 0
    found, expected = latest_usable(job.snapshots_folder), latest_usable(whole.snapshots_folder)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)


@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_a_run_paused_in_one_backend_goes_on_in_another(make_job, carry, backend):
    whole, job = make_job("whole"), make_job("moved")
    carry(whole)
    carry(job, {5: "pause"})
    job.write_run(RunRequest(number=2, backend=backend, processes=(("cpu:0",),)))
    assert carry(job, number=2) == 0, last(job)
    found, expected = latest_usable(job.snapshots_folder), latest_usable(whole.snapshots_folder)
    assert found.state.backend == backend
    for name, array in expected.arrays.items():
        np.testing.assert_allclose(found.arrays[name], array, rtol=2e-3, atol=2e-5, err_msg=name)


def test_the_signal_to_end_pauses_and_the_interrupt_of_the_terminal_does_nothing(make_job, start):
    job = make_job(epochs=2000)
    process = start(job)
    wait_for(job, process, TrainingLogged)
    process.send_signal(signal.SIGINT)
    wait_for(job, process, TrainingLogged, count=20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(200) == 0
    assert isinstance(last(job), RunPaused)
    assert list_snapshots(job.snapshots_folder)[-1].step == last(job).step


@pytest.mark.parametrize(("wish", "ending"), [("pause", RunPaused), ("abort", RunAborted)])
def test_a_file_in_the_folder_ends_a_run(make_job, start, wish, ending):
    job = make_job(epochs=2000)
    process = start(job)
    wait_for(job, process, TrainingLogged)
    job.ask(wish)
    assert process.wait(200) == 0
    assert isinstance(last(job), ending)
    assert job.asked() == frozenset()


def test_a_worker_needs_a_job_folder():
    done = subprocess.run(
        [sys.executable, "-m", "digits_core.training.worker"], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 2
    assert "JOB_FOLDER" in done.stderr


def failed(job, carry):
    assert carry(job) == 1
    fact = last(job)
    assert isinstance(fact, RunFailed)
    return fact


def test_another_dataset_of_the_same_name_is_refused(make_job, carry, store):
    job = make_job()
    path = store.dataset_folder("stripes") / "dataset.json"
    manifest = json.loads(path.read_text())
    write_file(path, json.dumps({**manifest, "digest": "sha256:" + "0" * 64}))
    fact = failed(job, carry)
    assert "was made for dataset stripes with digest sha256:" in fact.message
    assert "found sha256:000000000000…" in fact.message
    assert fact.hint


def test_a_deleted_dataset_is_named(make_job, carry, store):
    job = make_job()
    store.dataset_folder("stripes").rename(store.path / "elsewhere")
    assert "stripes" in failed(job, carry).message


def test_an_unknown_device_is_named_with_those_that_are_there(make_job, carry):
    fact = failed(make_job(devices=("gpu:7",)), carry)
    assert "Backend numpy cannot compute on gpu:7, found cpu:0" in fact.message
    assert "--devices cpu" in fact.hint


def test_an_unknown_backend_is_named(make_job, carry):
    assert "'nonesuch'" in failed(make_job(backend="nonesuch"), carry).message


def test_a_batch_beyond_the_training_split_is_refused(make_job, carry):
    assert "at most the 33 training pictures" in failed(make_job(batch=34), carry).message


def test_a_job_without_a_run_is_refused(make_job, store):
    job = make_job()
    (job.path / "run.json").unlink()
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "digits_core.training.worker", str(job.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment)
    assert done.returncode == 1
    assert "run.json is missing" in last(job).message
    assert "Traceback" not in done.stderr


def test_an_unexpected_failure_is_a_line_in_the_journal_and_a_traceback_in_the_log(
    make_job, carry, monkeypatch, capsys
):
    def broken(*_):
        raise RuntimeError("the moon\nis in the way")

    monkeypatch.setattr(preparation, "initial_arrays", broken)
    fact = failed(make_job(), carry)
    assert fact.message == "RuntimeError: the moon"
    assert "log.txt" in fact.hint
    assert "Traceback" in capsys.readouterr().err


def test_a_full_memory_is_named_as_such(make_job, carry, monkeypatch):
    def broken(*_):
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr(preparation, "initial_arrays", broken)
    assert "lower the batch size" in failed(make_job(), carry).hint


def test_a_full_disk_is_named_and_the_earlier_snapshot_stands(make_job, carry, monkeypatch):
    job = make_job(epochs=3)
    write = snapshots.write_weights

    def full(path, arrays):
        if "000002" in str(path):
            raise OSError(28, "No space left on device")
        return write(path, arrays)

    monkeypatch.setattr(snapshots, "write_weights", full)
    fact = failed(job, carry)
    assert "Writing 000002-epoch failed: No space left on device" in fact.message
    assert "free some space" in fact.hint
    assert [state.name for state in list_snapshots(job.snapshots_folder)] == ["000001-epoch"]
    monkeypatch.undo()
    assert carry(job, number=2) == 0
    assert isinstance(last(job), RunFinished)
    assert [fact.name for fact in facts(job, SnapshotSaved)] == ["000001-epoch", "000002-epoch", "000003-epoch"]
