import json
import os
import shutil

import numpy as np
import pytest

from digits_core.dataset import ingest, shard_writer
from digits_core.dataset.explore import contact_sheet
from digits_core.dataset.opened import open_dataset
from digits_core.errors import DatasetUnusable, NameUnknown, SpecInvalid


@pytest.fixture(params=["raw", "png"])
def dataset(request, create, draw_classes):
    return create(draw_classes({"cat": 10, "dog": 10}), encoding=request.param)


def test_reading_gathers_in_the_order_of_the_indices_and_repeats(dataset):
    reader = dataset.split("train")
    whole = reader.read(np.arange(len(reader)))
    order = np.array([3, 3, 0, 7])
    assert np.array_equal(reader.read(order), whole[order])


def test_what_was_read_is_a_copy_that_may_be_written_to(dataset):
    reader = dataset.split("train")
    before = reader.read(np.arange(4))
    changed = reader.read(np.arange(4))
    changed[:] = 0
    assert np.array_equal(reader.read(np.arange(4)), before)


@pytest.mark.parametrize("index", [-99, 14, 10**6])
def test_an_index_outside_of_the_split_is_an_error(dataset, index):
    reader = dataset.split("train")
    assert len(reader) == 14
    with pytest.raises(IndexError):
        reader.read(np.array([0, index]))


def test_an_unknown_split_is_refused_with_the_known_ones(dataset):
    with pytest.raises(NameUnknown, match="Did you mean train"):
        dataset.split("trian")


def test_a_dataset_that_is_gone_says_so(dataset):
    shutil.rmtree(dataset.folder)
    with pytest.raises(DatasetUnusable, match=r"Dataset d is gone.*Create it again"):
        open_dataset(dataset.folder)


def test_another_version_than_the_one_needed_is_refused(dataset):
    assert open_dataset(dataset.folder, "v0001").manifest == dataset.manifest
    with pytest.raises(DatasetUnusable, match="expects version v0002, found v0001"):
        open_dataset(dataset.folder, "v0002")


def test_missing_and_torn_files_are_all_named_at_once(dataset):
    version = dataset.folder / "v0001"
    (version / "mean.npy").unlink()
    (version / "val-00000.arrow").unlink()
    os.truncate(version / "train-00000.arrow", 100)
    with pytest.raises(DatasetUnusable) as refused:
        open_dataset(dataset.folder)
    text = str(refused.value)
    assert "lacks the file mean.npy" in text and "lacks the file val-00000.arrow" in text
    assert "train-00000.arrow expects" in text and "found 100" in text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}'])
def test_a_damaged_manifest_is_named(dataset, content):
    (dataset.folder / "dataset.json").write_text(content)
    with pytest.raises(DatasetUnusable, match=r"dataset\.json"):
        open_dataset(dataset.folder)


def test_a_shard_of_the_right_size_and_wrong_content_is_named(dataset):
    path = dataset.folder / "v0001" / "train-00000.arrow"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DatasetUnusable, match=r"train-00000\.arrow"):
        open_dataset(dataset.folder).split("train")


def test_a_damaged_mean_is_named(dataset):
    path = dataset.folder / "v0001" / "mean.npy"
    np.save(path, np.zeros((2, 2, 3), np.float32))
    with pytest.raises(DatasetUnusable, match=r"expects float32 \(8, 8, 3\)"):
        _ = open_dataset(dataset.folder).mean
    path.write_bytes(b"")
    with pytest.raises(DatasetUnusable, match=r"mean\.npy"):
        _ = open_dataset(dataset.folder).mean


def test_the_manifest_is_plain_json_that_reads_back_equal(dataset):
    data = json.loads((dataset.folder / "dataset.json").read_text())
    assert data["classes"][0] == {"name": "cat", "train": 7, "val": 3, "test": 0}
    assert open_dataset(dataset.folder).manifest == dataset.manifest


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc, which is not here")
def test_many_shards_do_not_use_up_open_files(create, draw_classes, monkeypatch):
    monkeypatch.setattr(ingest, "_CHUNK_PICTURES", 1)
    monkeypatch.setattr(shard_writer, "SHARD_BYTES", 1)
    monkeypatch.setattr(shard_writer, "RAW_SHARD_BYTES", 1)
    dataset = create(draw_classes({"cat": 20, "dog": 20}), val=0)
    before = len(os.listdir("/proc/self/fd"))
    reader = dataset.split("train")
    assert len(dataset.manifest.shards["train"]) == 40
    assert len(os.listdir("/proc/self/fd")) == before
    assert reader.read(np.arange(40)).shape == (40, 8, 8, 3)


def test_raw_pixels_are_seen_without_a_copy(create, draw_classes):
    shard = create(draw_classes({"cat": 3, "dog": 3}), val=0).split("train")._shards[0]
    assert not shard.pixels.flags.owndata and not shard.pixels.flags.writeable


@pytest.mark.parametrize("channels", [1, 3])
def test_a_contact_sheet_shows_a_page_with_captions(create, draw_classes, channels):
    dataset = create(draw_classes({"cat": 10, "dog": 10}), channels=channels, val=0)
    reader, labels = dataset.split("train"), dataset.manifest.labels
    sheet = contact_sheet(reader, labels, count=12)
    assert sheet.mode == "RGB" and sheet.width > 4 * 56 and sheet.height > 3 * 56
    # The first cell is the first picture, enlarged by a whole factor of 7.
    first = np.asarray(sheet.crop((6, 6, 62, 62)))
    assert np.array_equal(first[::7, ::7], np.broadcast_to(reader.read(np.array([0]))[0], (8, 8, 3)))
    assert np.asarray(sheet.crop((6, 63, 62, 76))).min() < 100  # The caption's ink.


def test_a_contact_sheet_can_show_one_class(create, draw_classes):
    dataset = create(draw_classes({"cat": 2, "dog": 9}), val=0)
    reader, labels = dataset.split("train"), dataset.manifest.labels
    assert contact_sheet(reader, labels, label="cat", columns=5).height < 100
    assert contact_sheet(reader, labels, count=5, page=2).size == contact_sheet(reader, labels, count=1).size
    with pytest.raises(NameUnknown, match="Unknown class 'cow'"):
        contact_sheet(reader, labels, label="cow")


def test_a_page_beyond_the_last_or_an_empty_split_is_refused(create, draw_classes):
    dataset = create(draw_classes({"cat": 2, "dog": 2}), val=0)
    with pytest.raises(SpecInvalid, match="page of 0 to 0, found 1"):
        contact_sheet(dataset.split("train"), dataset.manifest.labels, page=1)
    with pytest.raises(SpecInvalid, match="no pictures"):
        contact_sheet(dataset.split("val"), dataset.manifest.labels)
