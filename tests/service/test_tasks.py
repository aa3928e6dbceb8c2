"""Exports, classifications, searches and new versions as jobs: what they come to is what is answered at once."""

import os
import signal
import time
import zipfile

import pytest

from digits_core.dataset.progress import Silence
from digits_core.errors import RequestWrong, SpecInvalid, StateConflict
from digits_core.events.journal import read_facts
from digits_core.scheduling.states import CLOSED
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder
from digits_core.tasks.progress import JournaledProgress, Stopped
from digits_core.training.control import Control
from tests.conftest import write_pictures


@pytest.fixture
def digits(trained):
    """A home with a trained model; what still runs at the end is ended."""
    digits = Digits()
    yield digits
    for view in digits.jobs():
        if view.state not in CLOSED:
            digits.interrupt(view.job, at_once=True)


def until(digits, condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, [(view.job, view.state, view.error) for view in digits.jobs()]
        digits._runs.look(wait=True)
        time.sleep(0.05)


def done(digits, *jobs):
    until(digits, lambda: all(digits.job(job).state in CLOSED for job in jobs))
    views = [digits.job(job) for job in jobs]
    assert [view.state for view in views] == ["done"] * len(jobs), [view.error for view in views]
    return views


def test_jobs_come_to_what_is_answered_at_once(digits, trained):
    images = [str(trained / name / "00.png") for name in ("red", "blue")]
    called = dict(zip(images, ("mine", "yours"), strict=True))
    asked = {
        "classification": {"model": "finished@best", "pictures": {"images": images, "called": called}, "top": 2},
        "top": {"model": "finished", "wanted": {"count": 2, "classes": ["red"]}},
        "errors": {"look": {"model": "finished", "split": "train"}, "count": 3},
        "similar": {"look": {"model": "finished", "split": "train"}, "image": images[0], "called": "mine", "count": 2},
    }
    jobs = {kind: digits.submit_task(kind, request).job for kind, request in asked.items()}
    views = done(digits, *jobs.values())
    assert [(view.kind, view.job, view.network) for view in views] == [
        (kind, f"{kind}-finished", "finished@000003-epoch") for kind in asked
    ]
    assert [(view.devices, view.epoch, view.backend) for view in views] == [((), 1.0, "onnx")] * 4
    assert (views[1].dataset, views[1].dataset_version, views[1].asked) == ("colours", "v0001", "val pictures")
    found = digits.result(jobs["classification"])
    assert [(item.image, item.top[0].label) for item in found.predictions] == [("mine", "red"), ("yours", "blue")]
    assert digits.result(jobs["top"]) == digits.top("finished", {"count": 2, "classes": ("red",)})
    assert digits.result(jobs["errors"]) == digits.errors(asked["errors"]["look"], count=3)
    found = digits.result(jobs["similar"])
    assert found.neighbours == digits.similar(asked["similar"]["look"], trained / "red" / "00.png", count=2).neighbours
    assert (found.image, views[3].asked) == ("mine", "train pictures like mine")


def test_an_export_is_packed_and_a_new_dataset_inherits_what_is_said_of_its_job(digits, tmp_path):
    more = write_pictures(tmp_path / "more", ("red", "violet"), each=3)
    export = digits.submit_task("export", {"model": "finished", "format": "onnx", "precision": "fp16"})
    change = {"action": "append", "paths": [str(more)], "split": "train"}
    version = digits.submit_task("version", {"dataset": "colours", "change": change, "new_name": "four"})
    digits.describe_job(version.job, owner="ed")
    view, _ = done(digits, export.job, version.job)
    assert view.asked == "onnx, fp16"
    found = digits.result(export.job)
    with zipfile.ZipFile(digits.result_file(export.job)) as packed:
        assert set(packed.namelist()) == {found.path, found.manifest_path}
    assert found.agreement.error <= found.agreement.tolerance
    assert not (digits.home.job_folder(export.job) / "export").exists()
    made = digits.result(version.job)
    assert (made.name, made.version, len(made.classes)) == ("four", "v0001", 4)
    assert digits.about_dataset("four").owner == "ed"
    with pytest.raises(StateConflict, match="exports no model"):
        digits.result_file(version.job)
    with pytest.raises(StateConflict, match="trains, and has no other result"):
        digits.result("finished")


@pytest.mark.parametrize(
    ("kind", "request_", "told"),
    [
        (
            "export",
            {"model": "nope", "format": "onnxx", "calibrate": "colours"},
            ("no job or imported model 'nope'", "Unknown exporter 'onnxx'", "Only int8 is calibrated"),
        ),
        ("export", {"model": "finished", "format": "openvino", "precision": "int8"}, ("does not offer precision",)),
        (
            "classification",
            {"model": "finished", "pictures": {"dataset": "colours", "split": "test"}, "runtime": "onnxx"},
            ("has no test pictures", "Unknown runtime 'onnxx'"),
        ),
        (
            "top",
            {"model": "finished", "wanted": {"classes": ["rde"], "dataset": "coulors"}},
            ("no class 'rde'", "no dataset 'coulors'"),
        ),
        ("errors", {"look": {"model": "finished", "layer": "conv9"}}, ("conv9",)),
        (
            "similar",
            {"look": {"model": "finished", "dataset": "coulors"}, "image": "/nowhere.png"},
            ("no dataset 'coulors'", "Picture nowhere.png cannot be read"),
        ),
        (
            "version",
            {"dataset": "colours", "change": {"action": "append", "paths": ["/nowhere"]}, "new_name": "colours"},
            ("/nowhere does not exist", "'colours' exists already"),
        ),
        ("version", {"dataset": "colours", "change": {"action": "merge", "dataset": "nope"}}, ("no dataset 'nope'",)),
        ("version", {"dataset": "colours", "change": {"action": "apend", "paths": []}}, ("Unknown change 'apend'",)),
    ],
)
def test_what_is_wrong_is_said_before_a_job_is_made(digits, kind, request_, told):
    with pytest.raises(RequestWrong) as refused:
        digits.submit_task(kind, request_)
    for words in told:
        assert words in str(refused.value)
    assert [view.job for view in digits.jobs()] == ["finished"]
    with pytest.raises(SpecInvalid, match="no kind of job 'expotr'"):
        digits.submit_task("expotr", {})


SLOW = """
import time
from digits_onnx.exporter import OnnxExporter
def slow(self, model, options, destination):
    destination.write_bytes(b"half")
    time.sleep(600)
OnnxExporter.export = slow
"""


@pytest.fixture
def slow_exports(tmp_path, monkeypatch):
    """In workers, exporting to ONNX begins and never ends."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return lambda: monkeypatch.delenv("PYTHONPATH")


@pytest.mark.slow
def test_an_export_whose_process_is_killed_or_aborted_leaves_nothing_and_can_be_asked_for_again(digits, slow_exports):
    jobs = [digits.submit_task("export", {"model": "finished", "format": "onnx"}).job for _ in range(2)]
    assert jobs == ["export-finished", "export-finished-2"]
    until(digits, lambda: all(digits.job(job).doing.startswith("Writing") for job in jobs))
    with pytest.raises(StateConflict, match="is running, and has found nothing yet"):
        digits.result_file(jobs[0])
    with pytest.raises(StateConflict, match="need it"):
        digits.delete_job("finished")
    killed = JobFolder(digits.home.job_folder(jobs[0]))
    os.killpg(killed.process().pid, signal.SIGKILL)
    until(digits, lambda: digits.job(jobs[0]).state in CLOSED)
    assert digits.job(jobs[0]).state == "failed" and not (killed.path / "result.zip").exists()
    digits._runs.stopping.abort(JobFolder(digits.home.job_folder(jobs[1])), patience_s=0.5)
    assert digits.job(jobs[1]).state == "aborted"
    slow_exports()
    assert digits.resume(jobs[0]).state == "done"
    with zipfile.ZipFile(digits.result_file(jobs[0])) as packed:
        assert len(packed.namelist()) == 2


def test_parts_of_the_work_are_counted_anew_and_what_is_not_counted_ends_when_it_next_tells(digits):
    folder = JobFolder(digits.home.job_folder(digits.submit_task("errors", {"look": {"model": "finished"}}).job))
    progress = JournaledProgress(folder, Control(folder), Silence(), "onnx")
    progress.begin()
    progress.tell("Opening")
    progress.start(10, "Looking")
    progress.advance(10)
    progress.start(5, "Comparing")
    view = digits.job(folder.id)
    assert (view.step, view.total_steps, view.epoch) == (0, 5, 0.0)
    told = [(item.fact.kind, item.fact.step) for item in read_facts(folder.journal.path)]
    assert told == [("run-started", 0), ("progressed", 0), ("progressed", 0), ("progressed", 0)]
    folder.ask("pause")
    time.sleep(0.2)
    with pytest.raises(Stopped):
        progress.tell("Packing")
