import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.dataset.sampler import Sampler
from digits_core.errors import SpecInvalid

sizes = st.integers(1, 40)


@given(count=sizes, batch=sizes, seed=st.integers(0, 2**63 - 1), epochs=st.integers(1, 4))
def test_every_sample_is_used_exactly_once_an_epoch(count, batch, seed, epochs):
    sampler = Sampler(count, batch, seed)
    steps = -(-epochs * count // batch)
    stream = np.concatenate([sampler.indices(step) for step in range(steps)])
    for epoch in range(epochs):
        assert sorted(stream[epoch * count : (epoch + 1) * count]) == list(range(count))


@given(count=sizes, batch=sizes, step=st.integers(0, 10_000))
def test_a_batch_is_full_and_does_not_depend_on_what_was_asked_before(count, batch, step):
    used = Sampler(count, batch, 7)
    for before in (0, step + 3, max(step - 1, 0)):
        used.indices(before)
    fresh = Sampler(count, batch, 7).indices(step)
    assert fresh.shape == (batch,) and fresh.dtype == np.int64
    assert np.array_equal(used.indices(step), fresh)


@given(count=sizes, first=sizes, second=sizes)
def test_the_stream_does_not_depend_on_the_batch_size(count, first, second):
    def stream(batch):
        sampler = Sampler(count, batch, 3)
        return np.concatenate([sampler.indices(step) for step in range(100 // batch + 1)])[:100]

    assert np.array_equal(stream(first), stream(second))


def test_seeds_and_epochs_give_other_orders():
    one, two = Sampler(1000, 1000, 1), Sampler(1000, 1000, 2**63 - 1)
    assert not np.array_equal(one.indices(0), one.indices(1))
    assert not np.array_equal(one.indices(0), two.indices(0))


def test_the_order_is_pinned_so_that_old_runs_can_be_resumed():
    assert Sampler(8, 8, 42).indices(0).tolist() == [7, 0, 4, 2, 1, 3, 5, 6]


def test_without_shuffling_every_epoch_is_in_plain_order():
    sampler = Sampler(5, 3, 9, shuffle=False)
    assert [sampler.indices(step).tolist() for step in range(4)] == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]


def test_the_epoch_of_a_step_is_that_of_its_first_sample():
    sampler = Sampler(5, 3, 0)
    assert [sampler.epoch_of(step) for step in range(5)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(("count", "batch"), [(0, 4), (4, 0)])
def test_an_empty_split_or_batch_is_refused(count, batch):
    with pytest.raises(SpecInvalid, match="at least 1 sample"):
        Sampler(count, batch, 0)
