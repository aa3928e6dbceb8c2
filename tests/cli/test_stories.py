"""The command line as people and scripts use it: real processes, real signals."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from digits_core.errors import NameUnknown
from digits_core.service.digits import Digits

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-m", "digits_core.cli.start")
#: Long enough to be interrupted on any machine; nobody waits for its end.
ENDLESS = ("--backend", "numpy", "--epochs", "100000", "--batch", "4", "--lr", "0.0001", "--validate-every", "0")
QUICK = ("--backend", "numpy", "--epochs", "8", "--batch", "9", "--lr", "0.004", "--keep", "2")


def digits(*arguments):
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def start(*arguments):
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def wait_for_line(process, part):
    for line in process.stderr:
        if part in line:
            return line
    raise AssertionError(f"ended without {part!r}")


@pytest.fixture
def endless(trained, home):
    """A job that trains until it is interrupted, and the command that follows it."""
    process = start("train", "colours", "lenet", "--name", "endless", *ENDLESS, "--json")
    wait_for_line(process, "step")
    yield process
    process.kill()
    process.communicate()
    with contextlib.suppress(NameUnknown):
        Digits(home).interrupt("endless", at_once=True)


def test_from_pictures_to_a_label(pictures, home):
    made = digits("dataset", "create", "colours", pictures, "--size", 16, "--encoding", "raw", "--json")
    assert made.returncode == 0
    data = json.loads(made.stdout)
    assert data["splits"] == {"train": 27, "val": 9, "test": 0} and data["size"] == [16, 16, 3]
    done = digits("train", "colours", "lenet", *QUICK, "--json")
    assert done.returncode == 0
    job = json.loads(done.stdout)
    assert job["job"] == job["name"] == "colours-lenet" and job["state"] == "done"
    assert job["backend"] == "numpy" and job["devices"][0] == "cpu:0"
    assert job["network"] == "lenet" and job["dataset"] == "colours"
    assert job["epoch"] == 8 and job["step"] == 24
    assert {"train/loss", "val/loss", "val/accuracy", "val/top5"} <= set(job["metrics"])
    names = [snapshot["name"] for snapshot in job["snapshots"]]
    assert names[-2:] == ["000007-epoch", "000008-epoch"] and len(names) <= 3
    assert job["best"]["name"] in names and job["images_per_second"] > 0
    answer = digits("classify", "colours-lenet@best", pictures / "red" / "00.png", "--top", 2, "--json")
    assert answer.returncode == 0
    (prediction,) = json.loads(answer.stdout)["predictions"]
    assert prediction["image"] == str(pictures / "red" / "00.png")
    assert prediction["top"][0]["label"] == "red" and len(prediction["top"]) == 2


def test_ctrl_c_pauses_with_a_snapshot_and_resume_goes_on(endless, home):
    endless.send_signal(signal.SIGINT)
    out, err = endless.communicate(timeout=200)
    assert endless.returncode == 130
    assert "Job endless is paused. Go on with: digits job resume endless" in err and "Interrupted" not in err
    job = json.loads(out)
    assert job["state"] == "paused" and job["snapshots"][-1]["step"] == job["step"] > 0
    again = start("job", "resume", "endless", "--json")
    assert f"from step {job['step']} of" in wait_for_line(again, "Run 2 in numpy").replace(",", "")
    again.send_signal(signal.SIGTERM)
    out, _ = again.communicate(timeout=200)
    assert again.returncode == 130 and json.loads(out)["state"] == "paused"


def test_a_second_ctrl_c_stops_at_once_and_the_job_can_be_resumed(endless, home):
    worker = psutil.Process(json.loads((home / "jobs" / "endless" / "process.json").read_text())["pid"])
    worker.suspend()  # so that it cannot answer the first one
    endless.send_signal(signal.SIGINT)
    wait_for_line(endless, "Pausing")
    endless.send_signal(signal.SIGINT)
    out, err = endless.communicate(timeout=200)
    assert endless.returncode == 130 and "Stopped by you" in err
    assert json.loads(out)["state"] == "paused" and "error" not in json.loads(out)
    assert not psutil.pid_exists(worker.pid) or worker.status() == psutil.STATUS_ZOMBIE


def test_a_killed_command_line_leaves_the_worker_running_and_resume_adopts_it(endless, home):
    worker = json.loads((home / "jobs" / "endless" / "process.json").read_text())
    endless.kill()
    endless.communicate()
    assert Digits(home).job("endless").state == "running"
    refused = digits("job", "resume", "endless", "--backend", "torch")
    assert refused.returncode == 2 and "digits job pause endless" in refused.stderr
    followers = [start("job", "resume", "endless", "--json") for _ in range(2)]
    for follower in followers:
        wait_for_line(follower, "is running; following it")
    assert json.loads((home / "jobs" / "endless" / "process.json").read_text()) == worker
    paused = digits("job", "pause", "endless", "--json")
    assert paused.returncode == 0 and json.loads(paused.stdout)["state"] == "paused"
    for follower in followers:
        out, _ = follower.communicate(timeout=200)
        assert json.loads(out)["state"] == "paused"


def test_two_resumes_at_once_start_one_worker(endless, home):
    endless.send_signal(signal.SIGINT)
    endless.communicate(timeout=200)
    both = [start("job", "resume", "endless", "--json") for _ in range(2)]
    for follower in both:
        wait_for_line(follower, "step")
    run = json.loads((home / "jobs" / "endless" / "run.json").read_text())
    assert run["number"] == 2
    digits("job", "abort", "endless")
    states = [json.loads(follower.communicate(timeout=200)[0])["state"] for follower in both]
    assert states == ["aborted", "aborted"]
    assert digits("job", "resume", "endless").returncode == 2


def test_a_running_job_is_not_deleted_and_an_aborted_one_is(endless, home):
    refused = digits("job", "delete", "endless")
    assert refused.returncode == 2 and "digits job abort endless" in refused.stderr
    aborted = digits("job", "abort", "endless", "--json")
    assert aborted.returncode == 0 and json.loads(aborted.stdout)["state"] == "aborted"
    out, _ = endless.communicate(timeout=200)
    assert endless.returncode == 1 and json.loads(out)["state"] == "aborted"
    assert digits("job", "delete", "endless").returncode == 0
    assert "endless" not in digits("job", "list").stdout


def test_a_killed_worker_fails_the_job_with_the_cause_and_resume_goes_on(endless, home):
    time.sleep(0.5)
    os.kill(json.loads((home / "jobs" / "endless" / "process.json").read_text())["pid"], signal.SIGSEGV)
    out, err = endless.communicate(timeout=200)
    assert endless.returncode == 1
    assert "SIGSEGV" in json.loads(out)["error"]["message"] and "SIGSEGV" in err
    again = start("job", "resume", "endless", "--json")
    wait_for_line(again, "Run 2 in numpy")
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=200)
    assert again.returncode == 130


def test_a_loss_that_is_not_finite_fails_the_job_with_advice(trained):
    failed = digits("train", "colours", "lenet", *QUICK, "--lr", "1e15", "--name", "wild", "--json")
    assert failed.returncode == 1
    job = json.loads(failed.stdout)
    assert job["state"] == "failed" and "lower" in job["error"]["hint"].lower()


def test_ctrl_c_while_a_dataset_is_made_leaves_nothing(tmp_path, home):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / "many" / name).mkdir(parents=True)
        for index in range(400):
            pixels = np.random.default_rng(index).integers(0, 255, (600, 600, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "many" / name / f"{index}.bmp") if index < 2 else os.link(
                tmp_path / "many" / name / "0.bmp", tmp_path / "many" / name / f"{index}.bmp"
            )
    process = start("dataset", "create", "many", tmp_path / "many", "--size", 512, "--json")
    wait_for_line(process, "pictures")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130 and out == "" and "Traceback" not in err
    assert list((home / "datasets").glob("*")) == []


def test_output_that_nobody_reads_any_more_is_not_complained_about(trained):
    process = start("job", "list")
    process.stdout.close()
    assert process.wait(200) == 1
    assert process.stderr.read() == ""
    process.stderr.close()
