import math

import numpy as np
import pytest

from digits_core.training.curve import blows_up, rates_between, smoothed, suggest_rate

RATES = rates_between(1e-7, 10, 120)


def course(valley=0.1, noise=0.0, seed=0):
    """Losses as sweeps have them: flat, falling to the valley, then up and away."""
    drawn = np.random.default_rng(seed).normal(0, noise, len(RATES))
    falling = [2.3 - 0.5 * max(0.0, min(3.0, math.log10(rate / valley) + 3)) for rate in RATES]
    return [
        loss + 5 * max(0.0, math.log10(rate / valley)) + d for loss, rate, d in zip(falling, RATES, drawn, strict=True)
    ]


@pytest.mark.parametrize("valley", [1e-3, 1e-2, 1e-1, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_tenth_of_the_lowest_is_found_in_noise(valley, seed):
    found = suggest_rate(RATES, course(valley, noise=0.08, seed=seed))
    assert valley / 20 < found.rate < valley / 5
    assert found.rate == pytest.approx(found.lowest / 10, rel=0.06)
    assert valley / 2000 < found.steepest < found.lowest


def test_noise_alone_suggests_nothing():
    rng = np.random.default_rng(0)
    assert suggest_rate(RATES, rng.normal(2.3, 0.08, len(RATES)).tolist()) is None
    assert suggest_rate(RATES[:1], [2.3]) is None
    assert suggest_rate([], []) is None


def test_smoothing_leaves_a_straight_line_where_it_is():
    line = np.log10(RATES)
    assert np.allclose(smoothed(RATES, line)[20:-20], line[20:-20], atol=1e-9)


def test_a_loss_that_rises_beyond_its_start_and_its_lowest_has_blown_up():
    falling = [2.3] * 10 + [0.1] * 10
    assert not blows_up([*falling, *[1.5] * 5])  # far above the lowest, and below the start
    assert blows_up([*falling, *[3.0] * 5])
    assert blows_up([*falling, math.nan])
    assert not blows_up([2.3] * 10 + [4.0] * 10)  # above the start, and not far above the lowest
