"""Stop anywhere, go on, equal to the end: bit for bit."""

import numpy as np
import pytest

from digits_core.contracts.backend import shown_weights
from digits_core.events.facts import Noted, RunFinished, RunStarted, TrainingLogged, Validated
from digits_core.events.journal import read_facts
from digits_core.spec.solver import Lamb
from digits_core.store.snapshots import latest_usable, list_snapshots
from digits_core.training.control import Control
from digits_core.training.initialize import initial_arrays
from digits_core.training.loop import validate
from digits_core.training.preparation import prepare

STEPS = 13


def facts(job, kind):
    return [recorded.fact for recorded in read_facts(job.journal.path) if isinstance(recorded.fact, kind)]


def losses(job):
    return [loss for fact in facts(job, TrainingLogged) for loss in fact.losses]


def assert_same_end(job, other):
    found, expected = latest_usable(job.snapshots_folder), latest_usable(other.snapshots_folder)
    assert found.state.step == expected.state.step
    assert found.state.metrics["val/loss"] == expected.state.metrics["val/loss"]
    assert found.state.patience == expected.state.patience
    assert found.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)
    # Files are equal too: names, order and number formats.
    assert found.state.digests == expected.state.digests


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_run_paused_at_every_step_ends_as_an_unbroken_one(make_job, carry, solver):
    fields = {"solver": {"name": solver}, "schedule": {"policy": "exp"}, "early_stopping": {"patience": 5}}
    whole = make_job("whole", **fields)
    carry(whole)
    for step in range(1, STEPS):
        job = make_job(f"broken-{step}", **fields)
        assert carry(job, {step: "pause"}) == 0
        assert carry(job, number=2) == 0
        assert [fact.step for fact in facts(job, RunStarted)] == [0, step]
        assert losses(job) == losses(whole)
        assert facts(job, Validated) == facts(whole, Validated)
        assert_same_end(job, whole)


@pytest.mark.parametrize(
    "targets", [{"mixup": 0.4, "cutmix": 1, "sampling": "balanced"}, {"mixup": 0.4, "class_weights": "balanced"}]
)
def test_a_run_paused_after_each_step_ends_as_an_unbroken_one(make_job, carry, targets):
    whole, job = (make_job(id, targets=targets) for id in ("whole", "broken"))
    carry(whole)
    for number in range(1, STEPS + 1):
        carry(job, {1: "pause"}, number=number)
    assert isinstance(read_facts(job.journal.path)[-1].fact, RunFinished)
    assert losses(job) == losses(whole)
    assert_same_end(job, whole)


def test_a_run_in_double_precision_resumes_exactly(make_job, carry):
    whole, job = (make_job(id, options={"precision": "fp64"}) for id in ("whole", "broken"))
    carry(whole)
    carry(job, {5: "pause"})
    carry(job, number=2)
    assert_same_end(job, whole)


PARTLY = {
    "solver": {"name": "lamb", "rate": 0.02, "average": 0.9},
    "freeze": ["norm", "co*"],
    "decay_on": "kernels",
}


def test_a_partly_frozen_run_with_averages_resumes_exactly(make_job, carry):
    whole, job = (make_job(id, **PARTLY) for id in ("whole", "broken"))
    carry(whole)
    carry(job, {5: "pause"})
    carry(job, number=2)
    assert_same_end(job, whole)


@pytest.mark.backend("torch")
def test_a_partly_frozen_run_that_goes_on_in_another_backend_stays_so(make_job, carry):
    job = make_job(**PARTLY)
    carry(job, {5: "pause"})
    job.write_run(job.run().model_copy(update={"backend": "torch"}))
    assert carry(job, number=2) == 0
    graph, arrays = job.graph(), latest_usable(job.snapshots_folder).arrays
    start = initial_arrays(graph, seed=0)
    frozen = [name for name in graph.parameters if name.startswith(("conv/", "norm/"))]
    assert len(frozen) == 5
    for name in frozen:
        np.testing.assert_array_equal(arrays[name], start[name])
    kept = {name.partition("/")[2] for name in arrays if name.startswith("solver/")}
    assert kept == {f"{slot}/logits/{name}" for slot in Lamb(average=0.9).kept for name in ("kernel", "bias")}
    assert [graph.parameters[f"logits/{name}"].decay_multiplier for name in ("kernel", "bias")] == [1, 0]


def test_validation_measures_the_averages(make_job, carry):
    job = make_job(solver={"name": "sgd", "rate": 0.05, "average": 0.9})
    carry(job)
    saved = latest_usable(job.snapshots_folder)
    [validation] = [fact for fact in facts(job, Validated) if fact.step == STEPS]
    training, _ = prepare(job, Control(job))
    weights = {name: saved.arrays[name] for name in job.graph().parameters}
    averaged, current = (
        validate(training, training.program.load(arrays))["val/loss"]
        for arrays in (shown_weights(saved.arrays), weights)
    )
    assert averaged == pytest.approx(validation.loss, rel=1e-6)
    assert current != pytest.approx(validation.loss, rel=1e-4)


def test_a_damaged_snapshot_is_named_and_the_one_before_is_used(make_job, carry):
    whole, job = (make_job(id, snapshots={"every": 0.5}) for id in ("whole", "broken"))
    carry(whole)
    carry(job, {9: "pause"})
    path = job.snapshots_folder / list_snapshots(job.snapshots_folder)[-1].name / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert carry(job, number=2) == 0
    [note] = facts(job, Noted)
    assert path.parent.name in note.message
    assert "Training goes on from snapshot 000001-epoch." in note.message
    assert [fact.step for fact in facts(job, RunStarted)] == [0, 7]
    assert_same_end(job, whole)


def test_where_every_snapshot_is_damaged_training_starts_over_and_says_so(make_job, carry):
    whole, job = make_job("whole"), make_job("broken")
    carry(whole)
    carry(job, {9: "pause"})
    for state in list_snapshots(job.snapshots_folder):
        (job.snapshots_folder / state.name / "solver.safetensors").unlink()
    assert carry(job, number=2) == 0
    assert [fact.message.endswith("Training starts from the beginning.") for fact in facts(job, Noted)] == [True, True]
    assert [fact.step for fact in facts(job, RunStarted)] == [0, 0]
    assert_same_end(job, whole)


def test_a_finished_run_that_could_not_say_so_finishes_without_another_step(make_job, carry):
    job = make_job()
    carry(job)
    lines = job.journal.path.read_text().splitlines(keepends=True)
    job.journal.path.write_text("".join(lines[:-1]))
    assert carry(job, number=2) == 0
    assert isinstance(read_facts(job.journal.path)[-1].fact, RunFinished)
    assert len(losses(job)) == STEPS


def test_leftovers_of_a_killed_writer_are_cleared(make_job, carry):
    job = make_job()
    leftover = job.snapshots_folder / ".unfinished-000001-epoch-x"
    leftover.mkdir()
    carry(job)
    assert not leftover.exists()
