import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.dataset.beta import beta

MANY = np.arange(100_000, dtype=np.uint64)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 4.0])
def test_beta_has_the_moments_of_its_distribution(alpha):
    drawn = beta(3, MANY, "tests", alpha)
    assert drawn.min() >= 0 and drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.006)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.02)


def test_beta_of_one_is_uniform():
    drawn = np.sort(beta(3, MANY, "tests", 1.0))
    # Kolmogorov's distance; beyond 1.95/√n one sample in a thousand lies.
    assert np.abs(drawn - (MANY + 0.5) / len(MANY)).max() < 1.95 / math.sqrt(len(MANY))


@given(start=st.integers(0, 2**40), seed=st.integers(0, 2**63 - 1))
def test_a_draw_depends_on_seed_position_and_name_alone(start, seed):
    positions = np.arange(start, start + 40, dtype=np.uint64)
    some = np.random.default_rng(1).permutation(40)[:7]
    whole = beta(seed, positions, "one", 0.3)
    assert np.array_equal(beta(seed, positions[some], "one", 0.3), whole[some])
    assert not np.array_equal(beta(seed, positions, "other", 0.3), whole)
    assert not np.array_equal(beta(seed + 1, positions, "one", 0.3), whole)


def test_draws_are_pinned_so_that_old_runs_can_be_resumed():
    positions = np.array([0, 1, 10**12], np.uint64)
    assert np.round(256 * beta(42, positions, "mixup", 0.4)).tolist() == [28.0, 255.0, 252.0]
