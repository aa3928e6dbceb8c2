import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.dataset.evenly import EvenEpochs, balanced_weights
from digits_core.dataset.sampler import Sampler

UNEVEN = np.random.default_rng(0).permutation(np.repeat([0, 1, 3], [60, 9, 1]).astype(np.int32))
some_labels = st.lists(st.integers(0, 5), min_size=1, max_size=60).map(lambda labels: np.array(labels, np.int32))


def even(labels, batch=7, seed=5, shuffle=True):
    return Sampler(len(labels), batch, seed, shuffle, EvenEpochs(labels, seed, shuffle).slots)


def stream(sampler, length):
    return np.concatenate([sampler.indices(step) for step in range(-(-length // sampler.batch))])[:length]


@given(labels=some_labels, epochs=st.integers(1, 6))
def test_every_epoch_draws_every_class_that_there_is_equally_often(labels, epochs):
    count, present = len(labels), np.unique(labels)
    drawn = labels[stream(even(labels), epochs * count)].reshape(epochs, count)
    for part in (drawn[0], drawn[-1], drawn.ravel()):
        times = np.bincount(part, minlength=6)[present]
        assert times.max() - times.min() <= 1


@given(labels=some_labels, epochs=st.integers(1, 6))
def test_of_a_class_every_sample_is_drawn_equally_often(labels, epochs):
    times = np.bincount(stream(even(labels), epochs * len(labels)), minlength=len(labels))
    for number in np.unique(labels):
        own = times[labels == number]
        assert own.max() - own.min() <= 1


@given(step=st.integers(0, 5000), batch=st.integers(1, 90))
def test_an_even_batch_does_not_depend_on_what_was_asked_before(step, batch):
    used = even(UNEVEN, batch)
    used.indices(step + 9)
    assert np.array_equal(used.indices(step), even(UNEVEN, batch).indices(step))


def test_the_even_stream_does_not_depend_on_the_batch_size_and_is_drawn_by_the_seed():
    assert np.array_equal(stream(even(UNEVEN, 7), 300), stream(even(UNEVEN, 64), 300))
    assert not np.array_equal(stream(even(UNEVEN), 300), stream(even(UNEVEN, seed=6), 300))


def test_a_very_large_class_beside_one_picture_is_no_slower_than_others():
    labels = np.zeros(200_000, np.int32)
    labels[77] = 1
    drawn = labels[even(labels, 200_000).indices(3)]
    assert drawn.sum() == 100_000


def test_without_shuffling_classes_take_turns_in_plain_order():
    labels = np.array([0, 0, 0, 2, 1], np.int32)
    assert stream(even(labels, shuffle=False), 10).tolist() == [0, 4, 3, 1, 4, 3, 2, 4, 3, 0]


def test_the_even_order_is_pinned_so_that_old_runs_can_be_resumed():
    assert even(np.array([0, 0, 0, 0, 0, 1, 1, 2], np.int32), 8, 42).indices(0).tolist() == [5, 2, 5, 7, 6, 4, 7, 0]


def test_samples_at_any_positions_are_those_of_the_batches():
    sampler = even(UNEVEN)
    whole = stream(sampler, 210)
    places = np.array([200, 3, 70, 69, 3, 140])
    assert np.array_equal(sampler.at(places), whole[places])


@given(labels=some_labels)
def test_balanced_weights_give_every_class_the_same_share_and_are_one_on_average(labels):
    weights = balanced_weights(labels)[labels].astype(np.float64)
    assert weights.mean() == pytest.approx(1, rel=1e-6)
    shares = [weights[labels == number].sum() for number in np.unique(labels)]
    assert shares == pytest.approx([shares[0]] * len(shares), rel=1e-6)
