import json
import math

from digits_core.events.facts import (
    Noted,
    ProgramBuilt,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
    TrainingLogged,
    Validated,
)
from digits_core.events.journal import Recorded
from digits_core.scheduling.states import Standing
from digits_core.service.summary import summarize
from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import JobSpec
from digits_core.store.job import JobRequest
from digits_core.store.snapshots import SnapshotState

REQUEST = JobRequest(
    id="job",
    created="2026-01-01T00:00:00+00:00",
    spec=JobSpec(dataset="d", network="lenet", name="job", epochs=2, batch=10),
    dataset_version="v0001",
    dataset_digest="sha256:0",
    labels=("a", "b"),
    picture=PictureForm(width=4, height=4, channels=1, resize="squash"),
    backend="torch",
)
STARTED = RunStarted(1, "numpy", ("cpu:0",), 0, 100, 50)


def view(state, *facts, failure=None, snapshots=()):
    stands = Standing(state, failure, facts=tuple(Recorded(0.0, fact) for fact in facts))
    return summarize(REQUEST, "lenet", stands, snapshots)


def logged(step, loss=0.5, speed=100.0):
    return TrainingLogged(step, step / 50, loss, 0.75, 0.01, speed)


def test_a_job_that_has_not_started_shows_what_was_asked():
    found = view("queued")
    assert (found.backend, found.step, found.epoch, found.runs, found.metrics) == ("torch", 0, 0.0, 0, {})


def test_the_newest_values_count():
    found = view("running", STARTED, logged(10), logged(20, 0.25), Validated(20, 0.4, 0.3, 0.9, 1.0))
    assert found.metrics == {
        "train/loss": 0.25,
        "train/accuracy": 0.75,
        "val/loss": 0.3,
        "val/accuracy": 0.9,
        "val/top5": 1.0,
    }
    assert (found.step, found.epoch, found.backend) == (20, 0.4, "numpy")


def test_several_heads_have_metrics_of_their_own():
    heads = {"main": 0.5, "side": 1.5}
    validated = Validated(20, 0.4, 0.3, 0.9, 1.0, heads)
    found = view("running", STARTED, TrainingLogged(20, 0.4, 0.95, 0.75, 0.01, 10.0, (), heads), validated).metrics
    assert found["train/loss/side"] == 1.5 and found["val/loss/main"] == 0.5 and found["val/loss"] == 0.3


def test_the_time_left_follows_from_the_newest_speed():
    assert view("running", STARTED, logged(20, speed=100.0)).seconds_left == 8.0
    assert view("paused", STARTED, logged(20), RunPaused(20)).seconds_left is None


def test_a_resumed_run_starts_from_its_step_again():
    facts = (STARTED, logged(40), RunStarted(2, "jax", ("cpu:0",), 25, 100, 50))
    found = view("running", *facts)
    assert (found.step, found.runs, found.backend) == (25, 2, "jax")


def test_what_is_compiled_is_told_with_its_reason():
    assert view("running", STARTED, ProgramBuilt("Nothing: it is quick.")).compilation == "Nothing: it is quick."


def test_numbers_that_are_not_finite_stay_out_of_json():
    found = view("failed", STARTED, logged(10, math.nan, math.inf), failure=RunFailed(10, "m", "h"))
    json.dumps(found.to_dict(), allow_nan=False)
    assert "train/loss" not in found.metrics and found.images_per_second is None


def test_a_failure_tells_message_hint_and_exit_status():
    error = view("failed", failure=RunFailed(0, "m.", "h.", {"exit_status": 2})).error
    assert (error.message, error.hint, error.exit_status) == ("m.", "h.", 2)
    assert view("failed", failure=RunFailed(0, "m.")).error.exit_status == 1


def test_the_best_snapshot_is_shown_by_validation_accuracy():
    snapshots = tuple(
        SnapshotState(
            name=f"00000{epoch}-epoch",
            step=epoch,
            epoch=epoch,
            seed=0,
            backend="numpy",
            metrics={"val/accuracy": accuracy, "val/loss": 1.0},
        )
        for epoch, accuracy in ((1, 0.5), (2, 0.75), (3, 0.25))
    )
    facts = (STARTED, SnapshotSaved(3, 3.0, "000003-epoch"), Noted("look"), RunFinished(3, "completed", 50.0, 2.0))
    found = view("done", *facts, snapshots=snapshots)
    assert found.best.name == "000002-epoch" and found.notes == ("look",)
    assert (found.images_per_second, found.first_step_s) == (50.0, 2.0)
