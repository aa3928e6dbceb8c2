import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.dataset.draws import crop_places
from digits_core.dataset.loader import EvaluationLoader, TrainLoader
from digits_core.dataset.sampler import Sampler
from digits_core.errors import SpecInvalid


@pytest.fixture
def reader(create, draw_classes):
    source = draw_classes({"a": 11, "b": 12}, size=(10, 10))
    return create(source, width=10, height=10, val=0).split("train")


def test_a_training_batch_is_what_the_sampler_says(reader):
    sampler = Sampler(len(reader), 5, seed=1)
    batch = TrainLoader(reader, sampler, None, 1).batch(7)
    indices = sampler.indices(7)
    assert np.array_equal(batch.images, reader.read(indices))
    assert np.array_equal(batch.labels, reader.labels[indices])
    assert (batch.images.dtype, batch.labels.dtype, batch.weights.dtype) == (np.uint8, np.int32, np.float32)
    assert batch.weights.tolist() == [1] * 5


def test_a_batch_may_be_longer_than_the_split(reader):
    batch = TrainLoader(reader, Sampler(len(reader), 50, seed=1), None, 1).batch(0)
    assert batch.images.shape == (50, 10, 10, 3)


def test_a_random_crop_is_a_part_of_the_picture(reader):
    sampler = Sampler(len(reader), 23, seed=1)
    batch = TrainLoader(reader, sampler, 7, 1).batch(3)
    whole = reader.read(sampler.indices(3))
    tops, lefts = crop_places(1, np.arange(69, 92, dtype=np.uint64), 4, 4)
    for crop, picture, top, left in zip(batch.images, whole, tops, lefts, strict=True):
        assert np.array_equal(crop, picture[top : top + 7, left : left + 7])
    assert len({*zip(tops.tolist(), lefts.tolist(), strict=True)}) > 5


@given(batch=st.integers(1, 30))
def test_crops_depend_on_the_position_in_the_stream_alone(batch):
    whole = np.stack(crop_places(5, np.arange(60, dtype=np.uint64), 9, 5))
    parts = [crop_places(5, np.arange(s, min(s + batch, 60), dtype=np.uint64), 9, 5) for s in range(0, 60, batch)]
    assert np.array_equal(whole, np.concatenate([np.stack(part) for part in parts], axis=1))


def test_crop_places_are_uniform_and_seeded():
    tops, lefts = crop_places(0, np.arange(40_000, dtype=np.uint64), 4, 5)
    counts = np.bincount(tops * 5 + lefts, minlength=20)
    assert counts.min() > 1800 and counts.max() < 2200
    assert not np.array_equal(tops, crop_places(1, np.arange(40_000, dtype=np.uint64), 4, 5)[0])


def test_evaluation_sees_every_sample_once_and_pads_with_weight_zero(reader):
    loader = EvaluationLoader(reader, 5, None)
    batches = [loader.batch(index) for index in range(len(loader))]
    assert len(loader) == 5
    assert {batch.images.shape for batch in batches} == {(5, 10, 10, 3)}
    real = [batch.weights == 1 for batch in batches]
    assert np.array_equal(np.concatenate([b.labels[r] for b, r in zip(batches, real, strict=True)]), reader.labels)
    assert batches[-1].weights.tolist() == [1, 1, 1, 0, 0]


def test_evaluation_crops_the_middle(reader):
    batch = EvaluationLoader(reader, 4, 6).batch(0)
    assert np.array_equal(batch.images, reader.read(np.arange(4))[:, 2:8, 2:8])


def test_a_batch_beyond_the_end_is_an_index_error(reader):
    with pytest.raises(IndexError):
        EvaluationLoader(reader, 5, None).batch(5)


@pytest.mark.parametrize("crop", [11, 0])
def test_a_crop_larger_than_the_pictures_is_refused_at_once(reader, crop):
    with pytest.raises(SpecInvalid, match="crop expects a side of 1 to 10"):
        TrainLoader(reader, Sampler(len(reader), 5, 0), crop, 0)
    with pytest.raises(SpecInvalid, match="10x10"):
        EvaluationLoader(reader, 5, crop)
