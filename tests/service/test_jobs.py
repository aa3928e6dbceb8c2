import json
import shutil

import pytest

from digits_core.errors import (
    CapabilityMissing,
    DatasetUnusable,
    NameTaken,
    NameUnknown,
    RequestWrong,
    SpecInvalid,
    StateConflict,
)
from digits_core.events.facts import RunFailed, RunStarted
from digits_core.service.choices import choose_backend
from digits_core.service.digits import Digits
from digits_core.service.resolve import Complaints, resolve_job
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.store.index import Index

REQUEST = {
    "dataset": "colours",
    "network": "lenet",
    "backend": "numpy",
    "epochs": 1,
    "batch": 9,
    "solver": {"name": "sgd", "rate": 0.002},
}


@pytest.fixture
def digits(trained):
    return Digits()


class Listener:
    """Keeps what a watcher is told."""

    def __init__(self):
        self.jobs, self.facts, self.notes = [], [], []

    def started(self, job):
        self.jobs.append(job)

    def recorded(self, item):
        self.facts.append(item.fact)

    def noted(self, message):
        self.notes.append(message)


def test_a_batch_that_nobody_asked_for_is_no_larger_than_the_dataset(digits):
    view = digits.submit({key: value for key, value in REQUEST.items() if key != "batch"})
    assert digits.clone(view.job, {})["batch"] == 27
    assert any("all 27 training pictures" in note for note in view.notes)


def test_a_job_tells_its_watcher_everything_in_order(digits):
    listener = Listener()
    view = digits.train(REQUEST, watcher=listener)
    assert [job.name for job in listener.jobs] == [view.name]
    kinds = [fact.kind for fact in listener.facts]
    assert kinds[0] == "run-started" and kinds[-1] == "run-finished"
    assert {"training-logged", "validated", "snapshot-saved"} <= set(kinds)
    assert view.state == "done" and view.runs == 1 and view.devices[0] == "cpu:0"


def test_names_of_jobs_are_made_from_dataset_and_network_and_numbered(digits):
    assert [digits.train(REQUEST).name for _ in range(2)] == ["colours-lenet", "colours-lenet-2"]


def test_a_paused_job_goes_on_from_its_snapshot(digits, paused):
    assert digits.job("finished").state == "paused"
    listener = Listener()
    view = digits.resume("finished", watcher=listener)
    started = next(fact for fact in listener.facts if isinstance(fact, RunStarted))
    assert (started.run, started.step) == (2, 6)
    assert view.state == "done" and view.runs == 2 and view.step == 9


def test_a_damaged_snapshot_is_named_and_the_one_before_it_is_used(digits, paused):
    weights = paused.snapshots_folder / "000002-epoch" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    listener = Listener()
    view = digits.resume("finished", watcher=listener)
    started = next(fact for fact in listener.facts if isinstance(fact, RunStarted))
    assert started.step == 3 and view.state == "done"
    assert any("000002-epoch is damaged" in note and "000001-epoch" in note for note in view.notes)


def test_resuming_what_failed_tells_why_it_failed(digits, paused):
    paused.journal.append(RunFailed(6, "The loss is not finite.", "Lower the rate.", run=1))
    listener = Listener()
    assert digits.resume("finished", watcher=listener).state == "done"
    assert listener.notes == ["The run before failed: The loss is not finite. Lower the rate."]


def test_a_damaged_job_does_not_hide_the_others(digits, home):
    (home / "jobs" / "finished" / "job.json").write_text("{")
    Index(digits.home).delete()
    digits.train({**REQUEST, "name": "a"})
    assert [view.name for view in digits.jobs()] == ["a"]
    with pytest.raises(SpecInvalid, match="cannot be read"):
        digits.job("finished")


def test_a_dataset_deleted_under_a_job_is_a_clear_refusal_and_starts_no_run(digits, paused, home):
    shutil.rmtree(home / "datasets" / "colours")
    before = paused.journal.path.read_bytes()
    with pytest.raises(DatasetUnusable, match=r"Job finished: Dataset colours is gone"):
        digits.resume("finished")
    assert paused.journal.path.read_bytes() == before and paused.run().number == 1


def test_another_dataset_of_the_same_name_is_refused(digits, paused, home, trained):
    shutil.rmtree(home / "datasets" / "colours")
    digits.create_dataset({"name": "colours", "paths": (trained,), "width": 16, "height": 16, "seed": 7})
    with pytest.raises(DatasetUnusable, match="expects digest"):
        digits.resume("finished")


def test_what_only_the_worker_can_find_wrong_leaves_no_job(digits, home):
    with pytest.raises(RequestWrong, match="computes on cpu, not on gpu"):
        digits.train({**REQUEST, "name": "nowhere", "devices": "gpu:0,7"})
    assert digits.home.job_ids() == ("finished",)


def test_what_a_backend_cannot_do_is_refused_when_a_job_goes_on_as_when_it_begins(digits, paused, monkeypatch):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
    with pytest.raises(CapabilityMissing) as resumed:
        digits.resume("finished", devices="cpu:2")
    with pytest.raises(RequestWrong) as begun:
        digits.train({**REQUEST, "devices": "cpu:2"})
    assert str(begun.value) == str(resumed.value)
    assert "Backend numpy trains on one device, found 2" in str(resumed.value)
    assert (digits.job("finished").state, digits.job("finished").runs) == ("paused", 1)


def test_a_clone_means_the_newest_pictures_unless_it_names_others_and_says_so(digits):
    assert digits.clone_notes("finished", digits.clone("finished", {})) == ()
    digits.change_dataset("colours", {"action": "select", "count": 6})
    request = digits.clone("finished", {})
    (note,) = digits.clone_notes("finished", request)
    assert "learned from v0001, and this one takes the newest, v0002" in note and "colours@v0001" in note
    assert digits.plan_job({**request, "batch": 2}).dataset_version == "v0002"
    same = digits.clone("finished", {"dataset": "colours@v0001"})
    assert digits.clone_notes("finished", same) == ()
    assert digits.plan_job(same).dataset_version == "v0001"


def test_a_job_that_is_done_is_neither_resumed_paused_nor_aborted(digits):
    for act in (digits.resume, digits.pause, digits.abort):
        with pytest.raises(StateConflict, match="is done"):
            act("finished")


def test_an_aborted_job_stays_aborted(digits, paused):
    assert digits.abort("finished").state == "aborted"
    with pytest.raises(StateConflict, match="is aborted"):
        digits.resume("finished")


def test_watching_a_job_that_does_not_run_only_tells_it(digits):
    listener = Listener()
    assert digits.watch("finished", watcher=listener).state == "done"
    assert listener.facts == []


def test_jobs_are_listed_oldest_first_and_deleted(digits):
    digits.train({**REQUEST, "name": "a"})
    assert [view.name for view in digits.jobs()] == ["finished", "a"]
    digits.delete_job("a")
    assert [view.name for view in digits.jobs()] == ["finished"]
    with pytest.raises(NameUnknown):
        digits.job("a")


def test_a_dataset_is_deleted_once_no_job_needs_it(digits):
    with pytest.raises(StateConflict, match="finished"):
        digits.delete_dataset("colours")
    digits.delete_job("finished")
    digits.delete_dataset("colours")
    assert digits.datasets() == ()


def test_the_read_model_of_a_job_is_what_scripts_rely_on(digits):
    data = digits.job("finished").to_dict()
    expected = "job name state backend devices network dataset epoch step metrics best images_per_second snapshots"
    assert set(expected.split()) <= set(data)
    assert {"train/loss", "val/loss", "val/accuracy", "val/top5"} <= set(data["metrics"])
    assert "error" not in data
    json.dumps(data, allow_nan=False)


def test_a_spec_is_taken_as_well_as_plain_data(digits):
    resolved = resolve_job(
        parse(JobSpec, {**REQUEST, "name": "x"}), digits.home, digits.plugins, "", digits._runs.making
    )
    assert resolved.request.id == "x" and resolved.request.labels == ("blue", "green", "red")


def test_a_crop_sets_the_size_of_the_network(digits):
    with pytest.raises(RequestWrong, match="conv2 expects height >= 5"):
        resolve_job({**REQUEST, "data": {"crop": 12}}, digits.home, digits.plugins, "", digits._runs.making)


def test_auto_takes_the_first_backend_that_is_installed(digits, monkeypatch):
    backends = digits.plugins.backends
    monkeypatch.setattr(backends, "available", lambda: ("jax", "numpy"))
    assert choose_backend("auto", backends) == "jax"
    monkeypatch.setattr(backends, "available", lambda: ("acme",))
    assert choose_backend("auto", backends) == "acme"


def test_problems_of_one_kind_keep_their_class_and_others_share_one():
    complaints = Complaints()
    for error in (NameTaken("a."), NameTaken("b."), NameTaken("a.")):
        with complaints.gathered():
            raise error
    with pytest.raises(NameTaken) as caught:
        complaints.settle()
    assert [problem.message for problem in caught.value.problems] == ["a.", "b."]
    complaints.add(SpecInvalid("c."))
    with pytest.raises(RequestWrong) as caught:
        complaints.settle()
    assert type(caught.value) is RequestWrong and len(caught.value.problems) == 3


def test_a_capability_that_is_missing_is_a_wrong_request():
    assert CapabilityMissing("x").exit_status == 2
