import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.dataset import draws

MANY = np.arange(100_000)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 4.0])
def test_beta_has_the_moments_of_its_distribution(alpha):
    drawn = draws.beta(3, MANY, "tests", alpha)
    assert drawn.min() >= 0 and drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.006)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.02)


def test_beta_of_one_is_uniform():
    drawn = np.sort(draws.beta(3, MANY, "tests", 1.0))
    # Kolmogorov's distance; beyond 1.95/√n one sample in a thousand lies.
    assert np.abs(drawn - (MANY + 0.5) / len(MANY)).max() < 1.95 / math.sqrt(len(MANY))


@given(start=st.integers(0, 2**40), seed=st.integers(0, 2**63 - 1))
def test_a_draw_depends_on_seed_position_and_purpose_alone(start, seed):
    positions = np.arange(start, start + 40)
    order = np.random.default_rng(1).permutation(40)
    for draw in (
        lambda at, why: draws.beta(seed, at, why, 0.3),
        lambda at, why: draws.whole(seed, at, why, 1000),
        lambda at, why: draws.uniform(seed, at, why),
    ):
        whole = draw(positions, "one")
        assert np.array_equal(draw(positions[order][:7], "one"), whole[order][:7])
        assert not np.array_equal(draw(positions, "other"), whole)


def test_whole_numbers_are_uniform_and_draws_of_two_purposes_independent():
    drawn = draws.whole(5, MANY, "tests", 10)
    counts = np.bincount(drawn, minlength=10)
    assert counts.min() > 9600 and counts.max() < 10_400
    assert abs(np.corrcoef(drawn, draws.whole(5, MANY, "others", 10))[0, 1]) < 0.012


def test_draws_are_pinned_so_that_old_runs_can_be_resumed():
    positions = np.array([0, 1, 10**12])
    assert draws.whole(42, positions, "mix/partner", 1000).tolist() == [854, 702, 400]
    assert np.round(256 * draws.beta(42, positions, "mixup", 0.4)).tolist() == [242.0, 7.0, 256.0]
