"""Which step does what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.errors import SpecInvalid
from digits_core.spec.job import JobSpec, SnapshotOptions
from digits_core.training.plan import TrainingPlan


def plan_of(count, *, validates=True, every=1.0, **fields):
    spec = JobSpec(dataset="d", network="n", snapshots=SnapshotOptions(every=every), **fields)
    return TrainingPlan.of(spec, count, validates=validates)


def saves(plan):
    return [step for step in range(1, plan.total_steps + 1) if plan.saves_at(step)]


def validations(plan):
    return [step for step in range(1, plan.total_steps + 1) if plan.validates_at(step)]


def test_mnist_has_the_steps_that_its_size_says():
    plan = plan_of(45000, epochs=30, batch=64)
    assert plan.total_steps == 21094
    assert plan.steps_per_epoch == 703
    assert plan.epoch(703) == pytest.approx(0.99982, abs=1e-5)
    assert plan.percent(plan.total_steps) == 100


def test_halves_of_a_step_are_rounded_up():
    assert plan_of(10, epochs=0.5, batch=2).total_steps == 3
    assert plan_of(10, epochs=0.01, batch=2).total_steps == 1


def test_four_epochs_at_an_interval_of_two_give_exactly_two_snapshots():
    for count, batch in [(100, 10), (1003, 64), (64, 64), (7, 3)]:
        assert len(saves(plan_of(count, epochs=4, batch=batch, every=2))) == 2


def test_an_interval_of_half_an_epoch_gives_two_per_epoch():
    plan = plan_of(1003, epochs=3, batch=64, every=0.5)
    assert len(saves(plan)) == 6
    assert [plan.snapshot_epoch(step) for step in saves(plan)] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_an_interval_of_zero_saves_at_the_end_only():
    plan = plan_of(100, epochs=4, batch=10, every=0)
    assert saves(plan) == [plan.total_steps]


def test_validation_can_be_switched_off_and_else_includes_the_last_step():
    assert validations(plan_of(100, epochs=2.5, batch=10)) == [10, 20, 25]
    assert validations(plan_of(100, epochs=2.5, batch=10, validate_every=0)) == []
    assert validations(plan_of(100, epochs=2.5, batch=10, validates=False)) == []


def test_an_interval_longer_than_training_leaves_the_end():
    plan = plan_of(100, epochs=2, batch=10, every=5, validate_every=5)
    assert saves(plan) == validations(plan) == [20]


def test_an_interval_shorter_than_a_step_comes_at_every_step():
    plan = plan_of(10, epochs=1, batch=5, every=0.1)
    assert saves(plan) == [1, 2]
    assert [plan.snapshot_epoch(step) for step in (1, 2)] == [0.5, 1.0]


def test_a_decimal_interval_means_what_it_says():
    # 0.1 · 3 is not 0.3 in floats; in steps it must be.
    assert saves(plan_of(100, epochs=1, batch=10, every=0.3)) == [3, 6, 9, 10]


@given(
    count=st.integers(1, 5000),
    share=st.floats(0.001, 1),
    epochs=st.floats(0.01, 8),
    every=st.floats(0, 9),
)
def test_every_plan_ends_with_a_snapshot_and_names_no_two_alike(count, share, epochs, every):
    plan = plan_of(count, epochs=epochs, batch=max(1, int(count * share)), every=every)
    if plan.total_steps > 2000:
        return
    steps = saves(plan)
    assert steps[-1] == plan.total_steps
    names = [plan.snapshot_epoch(step) for step in steps]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


@given(count=st.integers(64, 200_000), batch=st.integers(1, 64))
def test_there_are_eight_log_points_in_an_epoch_where_there_are_eight_steps(count, batch):
    plan = plan_of(count, epochs=1, batch=batch)
    logged = plan.total_steps // plan.log_steps
    assert logged >= min(8, plan.total_steps)
    assert plan.log_steps <= 100


def test_a_batch_beyond_the_training_split_is_refused_with_the_remedy():
    with pytest.raises(SpecInvalid, match=r"at most the 10 training pictures of dataset d, found 11.*10 or fewer"):
        plan_of(10, batch=11)
    assert plan_of(10, batch=10, epochs=1).total_steps == 1
