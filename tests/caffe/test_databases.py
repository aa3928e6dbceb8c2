"""LMDB databases of Caffe and DIGITS become datasets."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from digits_caffe.databases import LmdbSource
from digits_core.contracts.dataset_source import Item, SourceOptions
from digits_core.dataset.create import create_dataset
from digits_core.errors import SourceInvalid
from digits_core.hooks.registry import discover
from digits_core.service.digits import Digits
from digits_core.spec.dataset import DatasetSpec
from tests.caffe.files import raw, write_database


def picture(number, channels=3):
    pixels = np.random.default_rng(number).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return pixels if channels == 3 else pixels[:, :, 0]


def encoded(number, label):
    stream = io.BytesIO()
    Image.fromarray(picture(number)).save(stream, "PNG")
    return {"encoded": True, "data": stream.getvalue(), "label": label}


def source(path, **options):
    return LmdbSource(path, SourceOptions(**options))


@pytest.fixture
def digits_folder(tmp_path):
    """A dataset as DIGITS keeps it: 6 training and 4 validation pictures of 2 classes."""
    folder = tmp_path / "20150101-dataset"
    write_database(folder / "train_db", [encoded(n, n % 2) for n in range(6)])
    write_database(folder / "val_db", [raw(picture(n), n % 2) for n in range(4)])
    (folder / "labels.txt").write_text("cat\ndog\n\n")
    return folder


def test_raw_pixels_come_in_rgb_order_and_labels_are_called_by_their_numbers(tmp_path):
    found = source(write_database(tmp_path / "db", [raw(picture(0), 10), raw(picture(1), 9), raw(picture(2, 1), 2)]))
    items = found.itemize()
    assert items[0] == Item("00000000_picture", "10", None)
    assert found.class_names() == ["2", "9", "10"]
    assert np.array_equal(found.read("00000000_picture"), picture(0))
    assert np.array_equal(found.read("00000002_picture"), picture(2, 1))


def test_the_bytes_of_a_datum_are_read(tmp_path):
    # channels, height, width, data, label, encoded: numbers 1 to 5 and 7.
    datum = b"\x08\x03\x10\x01\x18\x02" + b"\x22\x06abcdef" + b"\x28\xac\x02" + b"\x38\x00"
    import lmdb

    with lmdb.open(str(tmp_path / "db")) as database, database.begin(write=True) as transaction:
        transaction.put(b"\xff/key", datum)
    found = source(tmp_path / "db")
    (item,) = found.itemize()
    assert item == Item("\\xff/key", "300", None)
    assert found.read(item.key).tolist() == [[[*b"eca"], [*b"fdb"]]]


def test_a_dataset_of_digits_keeps_its_splits_and_names(digits_folder):
    found = source(digits_folder)
    items = found.itemize()
    assert items[1] == Item("train_db/00000001_picture", "dog", "train")
    assert items[6] == Item("val_db/00000000_picture", "cat", "val")
    assert Image.open(io.BytesIO(found.read("train_db/00000003_picture"))).size == (5, 6)
    assert np.array_equal(found.read("val_db/00000001_picture"), picture(1))
    divided = source(digits_folder, val_given=True)
    assert {item.split for item in divided.itemize()} == {"train", "test"}
    assert [item.label for item in source(digits_folder / "train_db").itemize()][:2] == ["cat", "dog"]


def test_databases_are_recognised_and_no_folders_of_classes(digits_folder, home):
    view = Digits().create_dataset({"name": "pets", "paths": (digits_folder,), "width": 5, "height": 6})
    assert view.splits == {"train": 6, "val": 4, "test": 0}
    assert view.labels == ("cat", "dog")
    again = Digits().create_dataset({"name": "again", "paths": (digits_folder,), "width": 5, "height": 6})
    assert again.digest == view.digest


def test_pictures_are_read_from_several_threads(tmp_path):
    found = source(write_database(tmp_path / "db", [raw(picture(n), 0) for n in range(200)]))
    keys = [item.key for item in found.itemize()]
    with ThreadPoolExecutor(8) as pool:
        for number, pixels in enumerate(pool.map(found.read, keys)):
            assert np.array_equal(pixels, picture(number))


def test_pictures_that_are_none_are_skipped_with_their_reason(tmp_path):
    datums = [raw(picture(n), n % 2) for n in range(8)]
    datums[1] |= {"height": 7}
    datums[2] = {"channels": 3, "height": 6, "width": 5, "label": 0}
    datums[3] |= {"channels": 2**40}
    path = write_database(tmp_path / "db", datums)
    spec = DatasetSpec(name="d", paths=(path,), width=5, height=6, val=0)
    assert create_dataset(spec, tmp_path / "made", discover().dataset_sources).skipped == 3
    skipped = (tmp_path / "made" / "v0001" / "skipped.csv").read_text()
    assert "90 bytes, expected 1 or 3 channels as its shape [3, 7, 5] says" in skipped
    assert "numbers of floating point are not read" in skipped


def test_labels_without_a_name_are_refused_all_at_once(digits_folder):
    (digits_folder / "labels.txt").write_text("cat\n")
    with pytest.raises(SourceInvalid, match=r"expect 0 to 0.*train_db/00000001_picture: label 1, train_db/00000003"):
        source(digits_folder).itemize()
    (digits_folder / "labels.txt").write_text("cat\n\ncat\n")
    with pytest.raises(SourceInvalid) as refused:
        source(digits_folder).itemize()
    assert ["line 2" in str(p) or "line 3" in str(p) for p in refused.value.problems] == [True, True]


@pytest.mark.parametrize("kept", [0, 100, 5000, -1])
def test_a_database_that_is_cut_off_is_refused(tmp_path, kept):
    path = write_database(tmp_path / "db", [raw(np.zeros((60, 60, 3), np.uint8), 0) for _ in range(9)])
    data = (path / "data.mdb").read_bytes()
    (path / "data.mdb").write_bytes(data[:kept])
    with pytest.raises(SourceInvalid, match=r"is no LMDB database|is cut off: expected at least"):
        source(path).itemize()


def test_other_contents_are_refused(tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "data.mdb").write_text("hello " * 4000)
    with pytest.raises(SourceInvalid, match="is no LMDB database"):
        source(tmp_path / "text").itemize()
    with pytest.raises(SourceInvalid, match="holds no pictures"):
        source(write_database(tmp_path / "empty", [])).itemize()
    import lmdb

    with lmdb.open(str(tmp_path / "other")) as database, database.begin(write=True) as transaction:
        transaction.put(b"key", b"no message")
    with pytest.raises(SourceInvalid, match="key is no datum of Caffe"):
        source(tmp_path / "other").itemize()
