import gzip

import numpy as np
import pytest

from digits_core.contracts.dataset_source import Item, SourceOptions
from digits_core.dataset.create import create_dataset
from digits_core.errors import SourceInvalid
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import DatasetSpec
from digits_images.idx import IdxSource


def idx(array):
    return bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


def pixels(count):
    return np.arange(count * 6 * 5).reshape(count, 6, 5).astype(np.uint8)


@pytest.fixture
def files(tmp_path):
    """Write a small MNIST: 8 training and 4 test pictures of 2 classes."""

    def write(*, mark="-", zipped=False, **changes):
        for part, count in (("train", 8), ("t10k", 4)):
            contents = {"images-idx3": idx(pixels(count)), "labels-idx1": idx(np.arange(count) % 2 * 7)}
            for what, content in contents.items():
                name = f"{part}-{what}-ubyte".replace("-idx", f"{mark}idx")
                data = changes.get(f"{part}_{what[:6]}", content)
                (tmp_path / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)
        return tmp_path

    return write


def source(path, **options):
    return IdxSource(path, SourceOptions(**options))


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("zipped", [False, True])
def test_plain_and_gzip_files_of_both_namings_are_read(files, mark, zipped):
    found = source(files(mark=mark, zipped=zipped))
    items = found.itemize()
    assert items[1] == Item("train/1", "7", "train") and items[8] == Item("t10k/0", "0", "val")
    assert len(items) == 12
    assert np.array_equal(found.read("train/3"), pixels(8)[3])


def test_a_file_that_was_unpacked_but_kept_its_ending_is_read(files):
    folder = files()
    for path in [*folder.iterdir()]:
        path.rename(f"{path}.gz")
    assert len(source(folder).itemize()) == 12


def test_with_a_validation_share_of_its_own_the_t10k_files_test(files):
    assert {item.split for item in source(files(), val_given=True).itemize()} == {"train", "test"}


def test_a_dataset_from_idx_has_the_splits_of_the_files_or_of_the_request(files, tmp_path):
    paths = (files(),)
    sources = discover().dataset_sources

    def splits(name, **fields):
        spec = DatasetSpec(name=name, paths=paths, width=5, height=6, channels=1, **fields)
        return create_dataset(spec, tmp_path / "made" / name, sources).splits

    assert splits("plain") == {"train": 8, "val": 4, "test": 0}
    assert splits("share", val=25) == {"train": 6, "val": 2, "test": 4}
    assert splits("test", test=25) == {"train": 6, "val": 4, "test": 2}


def test_classes_are_in_numeric_order(files, tmp_path):
    folder = files(train_labels=idx(np.array([10, 9, 2, 10, 9, 2, 2, 2])), t10k_labels=idx(np.array([9, 9, 9, 9])))
    spec = DatasetSpec(name="d", paths=(folder,), width=5, height=6, channels=1)
    assert create_dataset(spec, tmp_path / "d", discover().dataset_sources).labels == ("2", "9", "10")


def test_training_files_alone_are_enough(files):
    folder = files()
    for path in folder.glob("t10k*"):
        path.unlink()
    assert len(source(folder).itemize()) == 8


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "expected magic number 00000803, found nothing"),
        (b"\x00\x00\x08\x01" + bytes(12), "found 00000801"),
        (b"\x00\x00\x0d\x03" + bytes(12), "found 00000d03"),
        (idx(pixels(8))[:10], "header is cut off"),
        (idx(pixels(8))[:-1], "expected 240 bytes for shape (8, 6, 5), found 239"),
        (idx(pixels(8)) + b"x", "found more"),
        (b"\x00\x00\x08\x03" + b"\xff" * 12, "at most"),
    ],
)
def test_torn_and_foreign_files_are_named(files, content, found, zipped):
    with pytest.raises(SourceInvalid, match="train-images-idx3-ubyte") as refused:
        source(files(train_images=content, zipped=zipped)).itemize()
    assert found in str(refused.value)


def test_a_torn_gzip_file_is_named(files):
    folder = files(zipped=True)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceInvalid, match=r"train-images-idx3-ubyte\.gz is not a whole IDX file"):
        source(folder).itemize()


def test_every_wrong_file_is_named_at_once(files):
    with pytest.raises(SourceInvalid) as refused:
        source(files(train_labels=idx(np.zeros(7)), t10k_images=b"")).itemize()
    first, second = (problem.message for problem in refused.value.problems)
    assert first == "train-labels-idx1-ubyte expects one label for each of 8 pictures, found 7."
    assert second.startswith("t10k-images-idx3-ubyte is not a whole IDX file")


@pytest.mark.parametrize("missing", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_missing_half_is_named(files, missing):
    folder = files()
    (folder / missing).unlink()
    with pytest.raises(SourceInvalid, match=f"lacks the {missing.partition('-idx')[0]} file"):
        source(folder).itemize()


def test_a_folder_of_idx_files_is_recognised(files, tmp_path):
    (tmp_path / "other").mkdir()
    assert IdxSource.recognises(files())
    assert not IdxSource.recognises(tmp_path / "other")
    with pytest.raises(SourceInvalid, match="has no IDX pictures"):
        source(tmp_path / "other").itemize()
