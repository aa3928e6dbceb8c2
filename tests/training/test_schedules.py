"""Learning rates; exact values of every policy are in the doctests."""

import math
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.spec.schedule import POLICIES, Cosine, Exp, Fixed, MultiStep, Poly, Schedule, Sigmoid, Step
from digits_core.training.schedules import learning_rate


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@given(percent=st.floats(0, 100), base=st.floats(1e-6, 1e3))
def test_every_policy_with_its_defaults_stays_between_zero_and_the_base(policy, percent, base):
    assert 0 <= learning_rate(policy(), base, percent) <= base


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_rate_is_a_number_at_both_ends(policy):
    for warmup in (0, 5, 99):
        for percent in (0, 100):
            assert math.isfinite(learning_rate(policy(warmup=warmup), 0.01, percent))


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_warm_up_rises_from_a_hundredth_and_ends_at_the_policy(policy):
    warm, cold = policy(warmup=10), policy()
    if policy is not Cosine:
        assert learning_rate(warm, 1, 0) == pytest.approx(0.01 * learning_rate(cold, 1, 0))
        assert learning_rate(warm, 1, 10) == learning_rate(cold, 1, 10)
        assert learning_rate(warm, 1, 60) == learning_rate(cold, 1, 60)
    rates = [learning_rate(warm, 1, percent / 10) for percent in range(20)]
    assert rates == sorted(rates)


def test_cosine_descends_after_its_warm_up():
    schedule = Cosine(warmup=20)
    assert learning_rate(schedule, 1, 20) == 1
    assert learning_rate(schedule, 1, 60) == pytest.approx(0.5)
    assert learning_rate(schedule, 1, 100) == pytest.approx(0)


def test_defaults_are_those_of_digits():
    rates = [learning_rate(Step(), 0.01, percent) for percent in (0, 33, 66, 99)]
    assert rates == pytest.approx([0.01, 0.001, 0.0001, 0.00001])
    assert learning_rate(MultiStep(), 1, 85) == 0.25
    assert learning_rate(Exp(), 1, 2) == pytest.approx(0.9025)
    assert learning_rate(Poly(), 1, 90) == pytest.approx(0.001)


def test_extreme_policies_give_zero_or_infinity_and_no_crash():
    assert learning_rate(Sigmoid(gamma=1e6), 1, 100) == pytest.approx(0)
    assert learning_rate(Sigmoid(gamma=1e6), 1, 0) == 1
    assert learning_rate(Exp(gamma=1e300), 1, 100) == math.inf
    assert learning_rate(Fixed(warmup=99.9), 1, 0) == 0.01


def test_every_policy_of_the_spec_has_a_formula():
    assert set(typing.get_args(typing.get_args(Schedule)[0])) == set(POLICIES.values())
