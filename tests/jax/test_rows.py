"""Every row of a batch belongs to one part of one process, whatever their numbers."""

import itertools

import numpy as np
import pytest

from digits_core.contracts.backend import parts, share

pytestmark = pytest.mark.backend("jax")


@pytest.mark.parametrize("batch", [1, 2, 7, 8, 10])
def test_each_row_is_planned_once_and_parts_are_those_of_the_contract(batch):
    from digits_jax.rows import row_plan

    for processes, accumulate in itertools.product(range(1, min(batch, 4) + 1), (1, 2, 3, 20)):
        plan = row_plan(batch, processes, accumulate)
        assert sorted(plan.rows[plan.real]) == list(range(batch))
        for process in range(processes):
            own = share(batch, process, processes)
            for number, part in enumerate(parts(len(own), accumulate)):
                there = plan.real[process, number]
                assert plan.rows[process, number][there].tolist() == list(own[part])
                assert plan.local[process, number][there].tolist() == list(range(part.start, part.stop))


@pytest.mark.parametrize("accumulate", [1, 2])
def test_rows_that_only_fill_a_shape_weigh_nothing(accumulate):
    import jax.numpy as jnp

    from digits_jax.rows import Samples, divide, row_plan

    samples = Samples(jnp.arange(5), jnp.arange(5) + 10, jnp.ones(5))
    found = divide(row_plan(5, 1, accumulate), samples)
    weights = np.asarray(found.weights)
    assert weights.sum() == 5
    assert sorted(np.asarray(found.images)[weights == 1]) == [0, 1, 2, 3, 4]
    assert (found.real is None) == (accumulate == 1)
