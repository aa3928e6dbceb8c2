import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.dataset.evenly import balanced_weights
from digits_core.dataset.loader import TrainLoader
from digits_core.dataset.mixing import mix, partners
from digits_core.dataset.sampler import Sampler
from digits_core.spec.targets import TargetOptions

MIXUP, CUTMIX = TargetOptions(mixup=0.4), TargetOptions(cutmix=1.0)
BOTH = TargetOptions(mixup=0.4, cutmix=1.0)


def pictures(count, seed=0, shape=(9, 12, 3)):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


@given(count=st.integers(2, 50), start=st.integers(0, 10**9), seed=st.integers(0, 2**63 - 1))
def test_a_partner_is_another_position_of_the_same_epoch(count, start, seed):
    positions = np.arange(start, start + 2 * count, dtype=np.uint64)
    others = partners(seed, positions, count)
    assert np.array_equal(others // count, positions // count)
    assert (others != positions).all()


def test_every_other_position_of_the_epoch_is_a_partner_equally_often():
    places = np.arange(200_000, dtype=np.uint64)
    away = (partners(1, places, 5).astype(int) - places.astype(int)) % 5
    counts = np.bincount(away, minlength=5)
    assert counts[0] == 0 and counts[1:].min() > 49_000


def test_a_single_sample_is_its_own_partner():
    assert partners(1, np.arange(4, dtype=np.uint64), 1).tolist() == [0, 1, 2, 3]


def test_mixup_blends_pixels_by_the_share_rounded_to_the_nearest():
    own, others = pictures(300), pictures(300, 1)
    mixed, shares = mix(MIXUP, 7, np.arange(300, dtype=np.uint64), own.copy(), others)
    part = shares.astype(np.float64)[:, None, None, None]
    assert np.array_equal(mixed, np.floor(part * own + (1 - part) * others + 0.5).astype(np.uint8))
    assert np.array_equal(shares * 256, np.round(shares * 256))
    assert 0 <= shares.min() < 0.1 and 0.9 < shares.max() <= 1


def test_cutmix_shares_are_the_area_that_is_left():
    own, others = np.zeros((300, 9, 12, 1), np.uint8), np.full((300, 9, 12, 1), 9, np.uint8)
    mixed, shares = mix(CUTMIX, 7, np.arange(300, dtype=np.uint64), own, others)
    assert np.allclose((mixed == 0).mean((1, 2, 3)), shares, atol=1e-6)
    for picture in mixed:
        rows, columns = (np.flatnonzero((picture[..., 0] == 9).any(axis)) for axis in (1, 0))
        assert (picture == 9).sum() == len(rows) * len(columns)
    assert len(np.unique(shares)) > 30


def test_with_both_each_picture_takes_one_of_the_two():
    own, others = np.zeros((400, 8, 8, 1), np.uint8), np.full((400, 8, 8, 1), 255, np.uint8)
    mixed, _ = mix(BOTH, 7, np.arange(400, dtype=np.uint64), own, others)
    blended = np.array([picture.min() == picture.max() and 0 < picture.min() < 255 for picture in mixed])
    cut = np.array([picture.min() == 0 and picture.max() == 255 for picture in mixed])
    assert 0.35 < blended.mean() < 0.5 and 0.35 < cut.mean() < 0.55


@pytest.mark.parametrize("options", [MIXUP, CUTMIX, BOTH], ids=["mixup", "cutmix", "both"])
def test_a_row_is_made_alike_by_whoever_makes_it(options):
    own, others, positions = pictures(40), pictures(40, 1), np.arange(1000, 1040, dtype=np.uint64)
    whole = mix(options, 7, positions, own.copy(), others)
    for rows in (slice(0, 1), slice(13, 31), slice(39, 40)):
        part = mix(options, 7, positions[rows], own[rows].copy(), others[rows])
        assert all(np.array_equal(a[rows], b) for a, b in zip(whole, part, strict=True))
    assert not np.array_equal(whole[1], mix(options, 8, positions, own.copy(), others)[1])


@pytest.fixture
def reader(create, draw_classes):
    source = draw_classes({"a": 17, "b": 4, "c": 2}, size=(10, 10))
    return create(source, width=10, height=10, val=0).split("train")


def loader(reader, batch, rows=None, **targets):
    return TrainLoader(reader, Sampler(len(reader), batch, 1), 7, 1, rows, targets=TargetOptions(**targets))


def test_rows_of_a_batch_are_the_same_in_shares_of_any_size(reader):
    options = {"mixup": 0.4, "cutmix": 1.0, "class_weights": "balanced"}
    whole = loader(reader, 12, **options).batch(5)
    for rows in (range(5), range(5, 12)):
        found, own = loader(reader, 12, rows, **options).batch(5), whole.part(slice(rows.start, rows.stop))
        for name in ("images", "labels", "weights", "second", "share", "importance"):
            assert np.array_equal(getattr(found, name), getattr(own, name)), name


def test_a_row_is_the_mixture_of_its_own_crop_and_its_partners(reader):
    batch, plain = loader(reader, 23, mixup=0.4).batch(0), loader(reader, 23).batch(0)
    others = partners(1, np.arange(23, dtype=np.uint64), len(reader)).astype(int)
    part = batch.share.astype(np.float64)[:, None, None, None]
    assert np.array_equal(batch.labels, plain.labels) and np.array_equal(batch.second, plain.labels[others])
    expected = np.floor(part * plain.images + (1 - part) * plain.images[others] + 0.5)
    assert np.array_equal(batch.images, expected)


def test_a_batch_has_no_more_than_was_asked_for(reader):
    plain, weighted = loader(reader, 5).batch(0), loader(reader, 5, class_weights="balanced").batch(0)
    assert (plain.second, plain.share, plain.importance) == (None, None, None)
    assert weighted.second is None and weighted.importance.dtype == np.float32
    assert np.array_equal(weighted.importance, balanced_weights(reader.labels)[weighted.labels])


def test_in_a_mixture_each_target_counts_as_its_class_does(reader):
    mixed = loader(reader, 23, cutmix=1.0).batch(2)
    both = loader(reader, 23, cutmix=1.0, class_weights="balanced").batch(2)
    weights = balanced_weights(reader.labels)
    assert np.allclose(both.importance * both.share, weights[mixed.labels] * mixed.share)
    assert np.allclose(both.importance * (1 - both.share), weights[mixed.second] * (1 - mixed.share), atol=1e-6)
