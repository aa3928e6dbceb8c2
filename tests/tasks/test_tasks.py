"""Datasets that are made by jobs, jobs that wait for them, and models that are scored by jobs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from digits_core.errors import DigitsError, JobFailed, NameTaken, SpecInvalid, StateConflict
from digits_core.scheduling.states import CLOSED
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder

TRAINING = {"dataset": "colours", "network": "lenet", "backend": "numpy", "devices": "cpu:1", "epochs": 1, "batch": 9}


@pytest.fixture
def digits():
    """An empty home; what still runs at the end is ended."""
    digits = Digits()
    yield digits
    for view in digits.jobs():
        if view.state not in CLOSED:
            digits.interrupt(view.job, at_once=True)


@pytest.fixture
def request_of(pictures):
    return lambda **changes: {
        "name": "colours", "paths": (pictures,), "width": 16, "height": 16, "encoding": "raw", **changes
    }  # fmt: skip


def wait_for(digits, condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, [(view.job, view.state, view.error) for view in digits.jobs()]
        digits._runs.look(wait=True)
        time.sleep(0.05)


def closed(digits, job):
    return digits.job(job).state in CLOSED


class Gate:
    """Progress that holds the work up until it is opened."""

    def __init__(self):
        self.began, self.open = threading.Event(), threading.Event()

    def start(self, total, what):
        self.began.set()

    def advance(self, count):
        self.open.wait(200)

    def let_go(self):
        """Open it after a while: the work looks ten times a second what is wanted of it."""
        time.sleep(0.2)
        self.open.set()


@pytest.fixture
def held_up(digits, request_of):
    """A dataset whose creation this process is in the middle of, and the thread that waits for it."""
    gate, outcome = Gate(), []

    def work():
        try:
            outcome.append(digits.create_dataset(request_of(), progress=gate))
        except DigitsError as reason:
            outcome.append(reason)

    thread = threading.Thread(target=work)
    thread.start()
    assert gate.began.wait(200)
    yield gate, thread, outcome
    gate.open.set()
    thread.join(200)


def test_a_dataset_made_by_a_job_equals_one_made_at_once(digits, request_of):
    job = digits.submit_dataset(request_of())
    assert (job.kind, job.state, job.job) == ("dataset", "queued", "dataset-colours")
    wait_for(digits, lambda: closed(digits, job.job))
    view = digits.job(job.job)
    assert (view.state, view.step, view.total_steps, view.epoch) == ("done", 36, 36, 1.0)
    at_once = digits.create_dataset(request_of(name="again"))
    assert digits.dataset("colours").digest == at_once.digest == digits.result(job.job).digest


def test_a_dataset_made_at_once_leaves_no_job(digits, request_of):
    digits.create_dataset(request_of())
    assert digits.jobs() == ()
    with pytest.raises(DigitsError):
        digits.create_dataset(request_of(name="other", limits={"min_per_class": 1000}))
    assert digits.jobs() == ()


def test_training_waits_for_a_dataset_that_is_being_made_and_then_trains_on_it(digits, held_up):
    gate, thread, _ = held_up
    job = digits.submit({**TRAINING, "name": "waits"})
    digits._runs.look(wait=True)
    view = digits.job("waits")
    assert (view.state, view.waits_for) == ("queued", "its dataset, which job dataset-colours makes")
    assert view.network == "lenet"
    gate.open.set()
    thread.join(200)
    wait_for(digits, lambda: closed(digits, job.job))
    assert digits.job("waits").state == "done"
    folder = JobFolder(digits.home.job_folder("waits"))
    assert folder.request().labels == ("blue", "green", "red")
    assert folder.graph().classes == 3


def test_what_waits_for_a_dataset_keeps_no_device_from_others(digits, held_up, request_of):
    digits.submit({**TRAINING, "name": "waits", "devices": "cpu"})
    held_up[0].open.set()
    held_up[1].join(200)
    gate, other = Gate(), request_of(name="slow")
    thread = threading.Thread(target=lambda: digits.create_dataset(other, progress=gate))
    thread.start()
    assert gate.began.wait(200)
    try:
        digits.submit({**TRAINING, "dataset": "slow", "name": "first", "devices": "cpu"})
        digits.submit({**TRAINING, "name": "second", "devices": "cpu"})
        wait_for(digits, lambda: closed(digits, "second"))
        assert [digits.job(name).state for name in ("second", "first")] == ["done", "queued"]
    finally:
        gate.open.set()
        thread.join(200)


def test_a_request_that_does_not_fit_the_coming_dataset_is_refused_at_once(digits, held_up):
    with pytest.raises(DigitsError, match="crop expects at most 16"):
        digits.submit({**TRAINING, "data": {"crop": 20}})
    with pytest.raises(SpecInvalid, match="batch auto expects a dataset that is there"):
        digits.submit({**TRAINING, "batch": "auto"})


def test_a_request_that_turns_out_not_to_fit_fails_and_says_why(digits, held_up):
    digits.submit({**TRAINING, "name": "large", "batch": 1000})
    held_up[0].open.set()
    held_up[1].join(200)
    wait_for(digits, lambda: closed(digits, "large"))
    assert "batch expects at most the 27 training pictures" in digits.job("large").error.message


def test_a_dataset_that_another_job_makes_cannot_be_asked_for_again(digits, held_up, request_of):
    for ask in (digits.submit_dataset, digits.create_dataset):
        with pytest.raises(NameTaken, match="Job dataset-colours is making a dataset 'colours' already"):
            ask(request_of())


def test_aborting_a_creation_leaves_nothing_and_who_waits_for_it_is_told(digits, held_up):
    gate, thread, outcome = held_up
    digits.submit({**TRAINING, "name": "waits"})
    aborting = threading.Thread(target=lambda: digits.abort("dataset-colours"))
    aborting.start()
    wait_for(digits, lambda: "abort" in JobFolder(digits.home.job_folder("dataset-colours")).asked())
    gate.let_go()
    thread.join(200)
    aborting.join(200)
    assert isinstance(outcome[0], JobFailed)
    assert digits.datasets() == ()
    wait_for(digits, lambda: closed(digits, "waits"))
    assert "dataset-colours has made no dataset colours" in digits.job("waits").error.message


def test_what_failed_for_want_of_its_dataset_goes_on_once_that_is_there(digits, held_up, request_of):
    digits.submit({**TRAINING, "name": "waits"})
    JobFolder(digits.home.job_folder("dataset-colours")).ask("abort")
    held_up[0].let_go()
    held_up[1].join(200)
    wait_for(digits, lambda: closed(digits, "waits"))
    digits.create_dataset(request_of())
    assert digits.resume("waits").state == "done"


@pytest.mark.slow
def test_a_creation_whose_process_is_killed_fails_and_can_be_made_anew(digits, request_of, tmp_path, pictures):
    script = (
        "import json, sys\nfrom digits_core.service.digits import Digits\n"
        "class Slow:\n  def start(self, total, what): print('on', flush=True)\n"
        "  def advance(self, count): import time; time.sleep(60)\n"
        "Digits().create_dataset(json.loads(sys.argv[1]), progress=Slow())"
    )
    words = json.dumps({**request_of(), "paths": [str(pictures)]})
    child = subprocess.Popen([sys.executable, "-c", script, words], stdout=subprocess.PIPE, env=os.environ)
    with child:
        assert child.stdout.readline() == b"on\n"
        assert digits.job("dataset-colours").state == "running"
        child.send_signal(signal.SIGKILL)
    wait_for(digits, lambda: closed(digits, "dataset-colours"))
    assert digits.job("dataset-colours").state == "failed"
    assert digits.datasets() == ()
    assert digits.resume("dataset-colours").state == "done"
    assert digits.dataset("colours").splits["train"] == 27


def test_a_wrong_request_fails_its_job_and_says_why(digits, request_of):
    job = digits.submit_dataset(request_of(limits={"min_per_class": 1000})).job
    wait_for(digits, lambda: closed(digits, job))
    error = digits.job(job).error
    assert error.exit_status == 2
    assert "1000" in error.message


def test_a_job_that_trains_nothing_is_neither_cloned_nor_renamed_nor_classified_with(digits, request_of, pictures):
    job = digits.submit_dataset(request_of()).job
    wait_for(digits, lambda: closed(digits, job))
    for attempt in (
        lambda: digits.clone(job, {}),
        lambda: digits.rename(job, "other"),
        lambda: digits.classify(job, [pictures / "blue" / "00.png"]),
        lambda: digits.resume(job, backend="torch"),
    ):
        with pytest.raises(StateConflict):
            attempt()
    digits.delete_job(job)
    digits.delete_dataset("colours")


def test_an_evaluation_agrees_with_what_training_measured(trained):
    digits = Digits()
    before = digits.job("finished")
    view = digits.evaluate("finished@last", devices="cpu:1")
    assert view.accuracy == pytest.approx(before.metrics["val/accuracy"])
    assert view.loss == pytest.approx(before.metrics["val/loss"], rel=1e-5)
    assert view.top5 == 1.0
    assert sum(map(sum, view.confusion)) == view.samples == digits.dataset("colours").splits["val"]
    job = digits.job(view.job)
    assert (job.kind, job.state, job.metrics["accuracy"]) == ("evaluation", "done", view.accuracy)
    on_training = digits.evaluate("finished", split="train", devices="cpu:1")
    assert on_training.samples == digits.dataset("colours").splits["train"]


def test_an_evaluation_that_cannot_be_is_refused_with_every_reason(trained, pictures):
    digits = Digits()
    digits.create_dataset({"name": "small", "paths": (pictures,), "width": 8, "height": 8, "val": 0})
    with pytest.raises(SpecInvalid) as refused:
        digits.evaluate("finished", dataset="small", devices="cpu:2")
    told = "\n".join(problem.message for problem in refused.value.problems)
    assert "expects pictures of 16x16x3, found 8x8x3" in told
    assert "has no val pictures" in told
    assert "runs on one device" in told
    assert [view.job for view in digits.jobs()] == ["finished"]


def test_a_job_that_an_evaluation_needs_cannot_be_deleted(trained):
    digits = Digits()
    job = digits.submit_evaluation("finished").job
    with pytest.raises(StateConflict, match=f"{job} need it"):
        digits.delete_job("finished")
    digits.abort(job)
    digits.delete_job("finished")
