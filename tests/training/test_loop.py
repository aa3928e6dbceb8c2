"""What a run writes down, validates, saves, and when it stops."""

import itertools
import math

import numpy as np
import pytest

from digits_core.contracts.backend import BuildContext
from digits_core.events.facts import (
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
    TrainingLogged,
    Validated,
)
from digits_core.events.journal import read_facts
from digits_core.hooks.registry import discover
from digits_core.store.snapshots import best_snapshot, latest_usable, list_snapshots
from digits_core.training.control import Control
from digits_core.training.gain import describe_gain, pace_alone
from digits_core.training.meter import Meter, mean_scores
from digits_core.training.preparation import prepare


def facts(job, kind):
    return [recorded.fact for recorded in read_facts(job.journal.path) if isinstance(recorded.fact, kind)]


def last(job):
    return read_facts(job.journal.path)[-1].fact


def test_a_run_starts_logs_validates_saves_and_finishes(make_job, carry):
    job = make_job(epochs=2, batch=5)
    assert carry(job) == 0
    assert facts(job, RunStarted) == [RunStarted(1, "numpy", ("cpu:0",), 0, 13, 7)]
    assert [fact.step for fact in facts(job, Validated)] == [7, 13]
    assert [fact.name for fact in facts(job, SnapshotSaved)] == ["000001-epoch", "000002-epoch"]
    assert isinstance(last(job), RunFinished)
    assert last(job).reason == "completed"
    assert last(job).images_per_second > 0
    assert last(job).first_step_s > 0


def test_the_loss_of_every_step_is_in_the_journal_once(make_job, carry):
    job = make_job(epochs=40, batch=3, validate_every=3, snapshots={"every": 7})
    carry(job)
    logged = facts(job, TrainingLogged)
    assert sum(len(fact.losses) for fact in logged) == logged[-1].step == 440
    for before, fact in itertools.pairwise(logged):
        assert len(fact.losses) == fact.step - before.step
        assert fact.loss == pytest.approx(np.mean(fact.losses))
    assert all(math.isfinite(fact.images_per_second) for fact in logged)


def test_training_learns_the_stripes(make_job, carry):
    job = make_job(epochs=30, data={"crop": None}, solver={"name": "sgd", "rate": 0.05})
    carry(job)
    assert facts(job, Validated)[-1].accuracy == 1.0


def test_metrics_in_a_snapshot_are_those_of_its_own_step(make_job, carry):
    job = make_job(epochs=2, validate_every=1, snapshots={"every": 0.5})
    carry(job)
    by_epoch = {state.epoch: state.metrics for state in list_snapshots(job.snapshots_folder)}
    assert [("val/accuracy" in by_epoch[epoch]) for epoch in (0.5, 1.0, 1.5, 2.0)] == [False, True, False, True]
    assert by_epoch[2.0]["val/loss"] == facts(job, Validated)[-1].loss
    assert by_epoch[2.0]["train/loss"] == facts(job, TrainingLogged)[-1].loss


def test_old_snapshots_go_and_the_best_stays(make_job, carry):
    job = make_job(
        epochs=12, snapshots={"keep": 2}, solver={"name": "adam", "rate": 0.05}, schedule={"policy": "fixed"}
    )
    carry(job)
    scores = {fact.epoch: (fact.accuracy, -fact.loss) for fact in facts(job, Validated)}
    best = max(scores.values())
    states = list_snapshots(job.snapshots_folder)
    kept = best_snapshot(states).metrics
    assert (kept["val/accuracy"], -kept["val/loss"]) == best
    assert [state.epoch for state in states[-2:]] == [11.0, 12.0]
    assert len(states) <= 3


def test_without_validation_nothing_is_validated(make_job, carry):
    job = make_job(validate_every=0)
    assert carry(job) == 0
    assert facts(job, Validated) == []
    assert list_snapshots(job.snapshots_folder)[-1].metrics.keys() == {"train/loss", "train/accuracy"}


def test_a_rate_that_is_far_too_high_stops_with_the_advice_to_lower_it(make_job, carry):
    job = make_job(epochs=5, solver={"name": "sgd", "rate": 1e15}, schedule={"policy": "fixed"})
    with np.errstate(all="ignore"):
        assert carry(job) == 1
    assert isinstance(last(job), RunFailed)
    assert "with a learning rate of 1e+15" in last(job).message
    assert last(job).hint == "Lower the learning rate: try 1e+14 in place of 1e+15."
    assert all(
        np.isfinite(array).all()
        for state in [latest_usable(job.snapshots_folder)]
        if state
        for array in state[1].values()
    )


def test_a_schedule_that_grows_beyond_every_number_is_named(make_job, carry):
    job = make_job(schedule={"policy": "exp", "gamma": 1e300})
    with np.errstate(all="ignore"):
        assert carry(job) == 1
    assert "the learning rate became inf at step 2" in last(job).message


def test_weights_that_broke_in_the_last_step_are_not_saved(make_job, carry):
    # The loss of a step is measured before its update: only the weights show that the last one broke them.
    job = make_job(epochs=0.1, validate_every=0, solver={"name": "sgd", "rate": 1e39, "decay": 1.0})
    with np.errstate(all="ignore"):
        assert carry(job) == 1
    assert "weight" in last(job).message
    assert list_snapshots(job.snapshots_folder) == ()


def test_early_stopping_stops_and_saves_the_last_state(make_job, carry):
    job = make_job(
        epochs=50,
        snapshots={"every": 0},
        early_stopping={"metric": "val/accuracy", "patience": 3},
        data={"crop": None},
        solver={"name": "sgd", "rate": 0.05},
        schedule={"policy": "fixed"},
    )
    carry(job)
    accuracies = [fact.accuracy for fact in facts(job, Validated)]
    best = accuracies.index(max(accuracies))
    assert len(accuracies) == best + 1 + 3 < 50
    assert last(job).reason == "stopped early: val/accuracy has not improved for 3 validations"
    assert list_snapshots(job.snapshots_folder)[-1].step == last(job).step


def test_a_job_that_stopped_early_does_not_go_on_when_it_is_carried_again(make_job, carry):
    job = make_job(epochs=50, early_stopping={"patience": 1}, solver={"name": "sgd", "rate": 0.5})
    carry(job)
    ended = last(job)
    assert ended.reason.startswith("stopped early")
    assert carry(job, number=2) == 0
    assert (last(job).step, last(job).reason) == (ended.step, ended.reason)


def test_a_pause_saves_and_an_abort_does_not(make_job, carry):
    job = make_job(snapshots={"every": 0})
    job.ask("pause")
    assert carry(job, {4: "pause"}) == 0
    assert last(job) == RunPaused(4, 1)
    assert list_snapshots(job.snapshots_folder)[-1].step == 4
    assert job.asked() == frozenset()
    assert carry(job, {3: "abort"}, number=2) == 0
    assert last(job) == RunAborted(7, 2)
    assert [state.step for state in list_snapshots(job.snapshots_folder)] == [4]


def test_the_first_step_and_interruptions_stay_out_of_the_pace(monkeypatch):
    from digits_core.training import meter as module

    now = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    meter = Meter(started=0.0)
    scores = {"loss": 1.0, "correct": 1.0, "top5": 1.0, "samples": 10.0}
    for seconds in (100.0, 1.0, 1.0):
        meter.add(scores)
        now[0] += seconds
        assert meter.read().images_per_second == pytest.approx(10 / seconds)
        now[0] += 50  # A validation.
        meter.restart()
    assert meter.first_step_s == 100
    assert meter.images_per_second == pytest.approx(10.0)


def test_progress_is_due_after_the_first_step_and_every_ten_seconds(monkeypatch):
    from digits_core.training import meter as module

    now = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    meter = Meter(started=0.0)
    assert meter.is_due()
    meter.add({"loss": 1.0, "correct": 1.0, "top5": 1.0, "samples": 10.0})
    now[0] = 1.0
    meter.read()
    assert not meter.is_due()
    now[0] = 11.5
    assert meter.is_due()


def test_means_over_batches_weigh_every_sample_alike():
    batches = [{"loss": 6.0, "correct": 3.0, "top5": 3.0, "samples": 3.0}] * 30
    batches.append({"loss": 0.0, "correct": 0.0, "top5": 1.0, "samples": 1.0})
    found = mean_scores(iter(batches))
    assert found == {"val/loss": 180 / 91, "val/accuracy": 90 / 91, "val/top5": 1.0}


def test_several_heads_have_a_loss_each_beside_the_sum():
    scores = {"loss": 4.0, "correct": 1.0, "top5": 2.0, "samples": 2.0, "loss/side": 6.0, "loss/main": 1.0}
    assert mean_scores([scores] * 3) == {
        **{"val/loss": 2.0, "val/accuracy": 0.5, "val/top5": 1.0},
        **{"val/loss/main": 0.5, "val/loss/side": 3.0},
    }
    meter = Meter(started=0.0)
    meter.add(scores)
    assert meter.read().heads == {"main": 0.5, "side": 3.0}


def test_several_devices_are_compared_with_one_in_figures():
    assert "1.90 times as fast as one: 1,900 against 1,000 images/s." in describe_gain(1900, 1000, 2)
    assert "too small" in describe_gain(1100, 1000, 2) and "too small" not in describe_gain(1900, 1000, 2)


def test_one_device_is_measured_without_touching_the_start(make_job):
    job = make_job()
    training, start = prepare(job, Control(job))
    before = {name: array.copy() for name, array in start.arrays.items()}
    backend = discover().backends.get("numpy")()
    context = BuildContext(backend.devices()[0], batch=5)
    pace = pace_alone(backend, job.graph(), training.spec, context, training.training, start.arrays)
    assert pace > 0
    assert all(np.array_equal(start.arrays[name], array) for name, array in before.items())
