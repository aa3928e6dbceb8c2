import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from digits_core.dataset import ingest, pipeline, shard_writer
from digits_core.dataset.create import create_dataset
from digits_core.errors import NameTaken, SourceInvalid, SpecInvalid, StorageUnusable
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import SPLITS, DatasetSpec

COUNTS = {"cat": 10, "dog": 10, "owl": 10}


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_of_classes_becomes_a_dataset(create, draw_classes):
    manifest = create(draw_classes(COUNTS), val=20, test=10).manifest
    assert manifest.splits == {"train": 21, "val": 6, "test": 3}
    assert [count.model_dump() for count in manifest.classes] == [
        {"name": name, "train": 7, "val": 2, "test": 1} for name in COUNTS
    ]
    assert (manifest.version, manifest.skipped, manifest.size) == ("v0001", 0, (8, 8, 3))


def test_the_layout_on_disk_is_as_documented(create, draw_classes, tmp_path):
    create(draw_classes(COUNTS), val=20, test=10)
    assert files_in(tmp_path / "datasets") == [
        "d/dataset.json",
        "d/v0001/mean.npy",
        "d/v0001/skipped.csv",
        "d/v0001/test-00000.arrow",
        "d/v0001/train-00000.arrow",
        "d/v0001/val-00000.arrow",
    ]


def test_the_summary_has_what_scripts_rely_on_and_is_plain_json(create, draw_classes):
    summary = create(draw_classes(COUNTS)).manifest.summary()
    assert json.loads(json.dumps(summary)) == summary
    assert {"name", "version", "digest", "splits", "classes", "skipped", "size"} <= summary.keys()
    assert re.fullmatch("sha256:[0-9a-f]{64}", summary["digest"])


@pytest.mark.parametrize("size", [(8, 8), (20, 10), (10, 20)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("encoding", ["raw", "png", "jpeg"])
def test_every_shape_and_encoding_can_be_stored(create, draw_classes, size, channels, encoding):
    source = draw_classes({"a": 3, "b": 3})
    dataset = create(source, width=size[0], height=size[1], channels=channels, encoding=encoding, val=0)
    reader = dataset.split("train")
    assert reader.read(np.arange(6)).shape == (6, size[1], size[0], channels)
    assert dataset.mean.shape == (size[1], size[0], channels) == dataset.manifest.size


def test_raw_and_png_keep_the_same_pixels_and_jpeg_nearly(create, draw_classes):
    source = draw_classes({"a": 3, "b": 3})
    raw, png, jpeg = (
        create(source, name=encoding, encoding=encoding, val=0).split("train").read(np.arange(6))
        for encoding in ("raw", "png", "jpeg")
    )
    assert np.array_equal(raw, png)
    assert np.abs(raw.astype(int) - jpeg).mean() < 40


def test_the_mean_is_that_of_the_training_pictures(create, draw_classes):
    dataset = create(draw_classes(COUNTS), val=20)
    reader = dataset.split("train")
    expected = reader.read(np.arange(len(reader))).astype(np.float64).mean(axis=0)
    assert dataset.mean.dtype == np.float32
    assert np.abs(dataset.mean - expected).max() < 1e-4


def test_labels_and_keys_belong_to_their_pictures(create, draw_classes):
    source = draw_classes(COUNTS, size=(8, 8))
    dataset = create(source, val=20, test=10)
    for split in SPLITS:
        reader = dataset.split(split)
        for index, pixels in enumerate(reader.read(np.arange(len(reader)))):
            key = reader.key(index)
            assert np.array_equal(pixels, np.asarray(Image.open(source / key)))
            assert dataset.manifest.labels[reader.labels[index]] == key.split("/")[0]


def test_equal_requests_give_equal_digests_whatever_the_threads_do(create, draw_classes, monkeypatch):
    source = draw_classes(COUNTS)
    monkeypatch.setattr(ingest, "_CHUNK_PICTURES", 2)
    one = create(source, name="one").manifest.digest
    monkeypatch.setattr(ingest, "usable_cpus", lambda: 7)
    read = ingest.Ingest._picture

    def late(self, sample):
        time.sleep(hash(sample.key) % 5 / 1000)
        return read(self, sample)

    monkeypatch.setattr(ingest.Ingest, "_picture", late)
    assert create(source, name="two").manifest.digest == one


def test_whatever_training_can_see_changes_the_digest(create, draw_classes):
    source = draw_classes(COUNTS)
    digests = [create(source, name="plain").manifest.digest]
    for number, change in enumerate(({"seed": 1}, {"width": 9}, {"channels": 1}, {"encoding": "png"}, {"val": 0})):
        digests.append(create(source, name=f"d{number}", **change).manifest.digest)
    shutil.move(source / "cat", source / "car")
    digests.append(create(source, name="renamed").manifest.digest)
    assert len({*digests}) == len(digests)


def test_a_label_that_changed_hands_changes_the_digest(create, draw_classes, tmp_path):
    source = draw_classes({"x": 4})
    digests = set()
    for name, labels in (("one", "abab"), ("two", "baba")):
        lines = [f"{source}/x/{number:03d}.png {label}\n" for number, label in enumerate(labels)]
        (tmp_path / f"{name}.txt").write_text("".join(lines))
        digests.add(create(tmp_path / f"{name}.txt", name=name, shuffle=False, val=0).manifest.digest)
    assert len(digests) == 2


def test_large_datasets_are_cut_into_shards(create, draw_classes, monkeypatch):
    source = draw_classes(COUNTS)
    whole = create(source, name="whole", val=0)
    monkeypatch.setattr(ingest, "_CHUNK_PICTURES", 4)
    monkeypatch.setattr(shard_writer, "SHARD_BYTES", 8 * 8 * 3 * 9)
    monkeypatch.setattr(shard_writer, "RAW_SHARD_BYTES", 8 * 8 * 3 * 9)
    for encoding in ("raw", "png"):
        cut = create(source, name=encoding, encoding=encoding, val=0)
        assert len(cut.manifest.shards["train"]) >= 4
        assert all(shard.samples <= 9 for shard in cut.manifest.shards["train"])
        for order in (np.arange(29, -1, -3), np.random.default_rng(0).integers(0, 30, 200)):
            assert np.array_equal(cut.split("train").read(order), whole.split("train").read(order))
    assert create(source, name="again", val=0).manifest.digest == whole.manifest.digest


def test_a_raw_shard_is_byte_for_byte_what_arrow_writes_at_once(create, draw_classes, tmp_path):
    dataset = create(draw_classes(COUNTS), val=0, width=5, height=5)
    path = tmp_path / "datasets/d/v0001/train-00000.arrow"
    with pa.ipc.open_file(path) as file:
        batch = file.get_batch(0)
    batch.validate(full=True)
    with pa.ipc.new_file(tmp_path / "whole.arrow", batch.schema) as writer:
        writer.write_batch(batch)
    assert path.read_bytes() == (tmp_path / "whole.arrow").read_bytes()
    assert np.array_equal(np.frombuffer(batch["image"][7].as_py(), np.uint8), dataset.split("train").read([7]).ravel())


def test_a_failed_sync_in_the_background_is_not_lost(draw_classes, tmp_path, monkeypatch):
    sync, failed = os.fsync, []

    def fail_once(descriptor):
        if not failed:
            failed.append(descriptor)
            raise OSError(errno.EIO, "the disk is dying")
        sync(descriptor)

    monkeypatch.setattr(shard_writer, "_SYNC_BYTES", 1)
    monkeypatch.setattr(os, "fsync", fail_once)
    spec = DatasetSpec(name="d", paths=(draw_classes(COUNTS),), encoding="raw")
    with pytest.raises(OSError, match="the disk is dying"):
        create_dataset(spec, tmp_path / "datasets" / "d", discover().dataset_sources)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_the_sum_for_the_mean_does_not_overflow(create, tmp_path, monkeypatch):
    images, labels = np.full((900, 8, 8), 255, np.uint8), np.arange(900, dtype=np.uint8) % 2
    images[0] = 0
    (tmp_path / "idx").mkdir()
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        (tmp_path / "idx" / name).write_bytes(header + array.tobytes())
    monkeypatch.setattr(ingest, "usable_cpus", lambda: 1)
    mean = create(tmp_path / "idx", val=0, channels=1).mean
    assert np.allclose(mean, 255 * 899 / 900, rtol=1e-6)


def test_unreadable_pictures_are_skipped_and_reported(create, draw_classes, tmp_path, monkeypatch):
    source = draw_classes(COUNTS, size=(8, 8))
    for name in ("cat/003.png", "dog/000.png", "dog/009.png"):
        (source / name).write_bytes(b"broken")
    monkeypatch.setattr(ingest, "_CHUNK_PICTURES", 4)
    dataset = create(source, val=0)
    assert dataset.manifest.skipped == 3
    assert [count.train for count in dataset.manifest.classes] == [9, 8, 10]
    with open(tmp_path / "datasets/d/v0001/skipped.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["key"] for row in rows} == {"cat/003.png", "dog/000.png", "dog/009.png"}
    assert rows[0]["reason"] == "not a picture of a known format"
    reader = dataset.split("train")
    for index, pixels in enumerate(reader.read(np.arange(len(reader)))):
        assert np.array_equal(pixels, np.asarray(Image.open(source / reader.key(index))))


def test_a_class_without_a_readable_picture_keeps_its_label(create, draw_classes):
    source = draw_classes({"a": 3, "b": 3, "c": 3})
    for path in (source / "b").iterdir():
        path.write_bytes(b"")
    manifest = create(source, val=0).manifest
    assert [(count.name, count.train) for count in manifest.classes] == [("a", 3), ("b", 0), ("c", 3)]


def test_pictures_that_are_all_broken_are_refused(create, draw_classes, tmp_path):
    source = draw_classes({"a": 3, "b": 3})
    for path in source.rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(SourceInvalid, match="None of the 4 training pictures can be read; the first"):
        create(source)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_an_empty_validation_split_is_allowed_and_recorded(create, draw_classes):
    dataset = create(draw_classes(COUNTS), val=0)
    assert dataset.manifest.splits == {"train": 30, "val": 0, "test": 0}
    assert len(dataset.split("val")) == 0
    assert dataset.split("val").read(np.arange(0)).shape == (0, 8, 8, 3)


def test_separate_validation_and_test_folders(create, draw_classes):
    source, val, test = (draw_classes(COUNTS, folder) for folder in ("train", "val", "test"))
    manifest = create(source, val_path=val, test_path=test, val_limits={"max_per_class": 4}).manifest
    assert manifest.splits == {"train": 30, "val": 12, "test": 30}


def test_a_share_and_a_separate_validation_folder_contradict_each_other(create, draw_classes):
    source = draw_classes(COUNTS)
    with pytest.raises(SpecInvalid, match="contradict"):
        create(source, val_path=source, val=10)


def test_a_name_that_is_taken_is_refused_and_left_alone(create, draw_classes):
    source = draw_classes(COUNTS)
    before = create(source).manifest
    with pytest.raises(NameTaken, match="d exists already"):
        create(source, seed=5)
    assert before.digest == create(source, name="other").manifest.digest


def test_everything_that_is_missing_is_said_at_once(create, tmp_path):
    with pytest.raises(SourceInvalid) as refused:
        create(tmp_path / "no", tmp_path / "nope", val_path=tmp_path / "never")
    assert [problem.where for problem in refused.value.problems] == ["paths", "paths", "val_path"]


def test_a_path_that_no_source_recognises_is_refused_with_what_is_known(create, tmp_path):
    (tmp_path / "notes.pdf").write_text("x")
    with pytest.raises(SourceInvalid, match="folder, idx, list"):
        create(tmp_path / "notes.pdf")


def test_relative_paths_are_recorded_absolute(create, draw_classes, monkeypatch):
    source = draw_classes(COUNTS)
    monkeypatch.chdir(source.parent)
    assert create(Path("source")).manifest.spec.paths == (source,)


def test_a_file_in_place_of_the_home_is_a_storage_error(draw_classes, tmp_path):
    (tmp_path / "file").write_text("")
    spec = DatasetSpec(name="d", paths=(draw_classes(COUNTS),), width=8, height=8)
    with pytest.raises(StorageUnusable, match="DIGITS_HOME"):
        create_dataset(spec, tmp_path / "file" / "d", discover().dataset_sources)


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs privileges that this test run has not")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_reported_and_leaves_nothing(draw_classes, tiny_disk):
    spec = DatasetSpec(name="d", paths=(draw_classes(COUNTS),), width=64, height=64, encoding="raw")
    with pytest.raises(StorageUnusable, match="disk is full"):
        create_dataset(spec, tiny_disk / "d", discover().dataset_sources)
    assert list(tiny_disk.iterdir()) == []


def test_a_read_only_disk_is_reported(draw_classes, tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    spec = DatasetSpec(name="d", paths=(draw_classes(COUNTS),), width=8, height=8)
    with pytest.raises(StorageUnusable, match="read-only"):
        create_dataset(spec, tiny_disk / "d", discover().dataset_sources)


class Recorder:
    def __init__(self):
        self.total, self.done = 0, 0

    def start(self, total, what):
        self.total = total

    def advance(self, count):
        self.done += count


def test_progress_counts_every_picture_even_the_skipped_ones(draw_classes, tmp_path):
    source = draw_classes(COUNTS)
    (source / "cat/000.png").write_bytes(b"broken")
    progress = Recorder()
    create_dataset(DatasetSpec(name="d", paths=(source,)), tmp_path / "d", discover().dataset_sources, progress)
    assert progress.total == progress.done == 30


def test_an_error_in_the_middle_leaves_nothing(draw_classes, tmp_path):
    class Abort(Recorder):
        def advance(self, count):
            raise KeyboardInterrupt

    spec = DatasetSpec(name="d", paths=(draw_classes(COUNTS),))
    with pytest.raises(KeyboardInterrupt):
        create_dataset(spec, tmp_path / "datasets" / "d", discover().dataset_sources, Abort())
    assert list((tmp_path / "datasets").iterdir()) == []


SLOW_CREATION = """
import sys, time
from pathlib import Path
from digits_core.dataset import ingest
from digits_core.dataset.create import create_dataset
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import DatasetSpec

class Slow:
    def start(self, total, what): pass
    def advance(self, count):
        print("going", flush=True)
        time.sleep(0.2)

ingest._CHUNK_PICTURES = 1
spec = DatasetSpec(name="d", paths=(sys.argv[1],), width=8, height=8)
try:
    create_dataset(spec, Path(sys.argv[2]), discover().dataset_sources, Slow())
except KeyboardInterrupt:
    sys.exit(130)
"""


def interrupted(source, folder, number):
    """Start a creation in a process of its own and send it signal ``number`` in the middle; returns its exit status."""
    command = [sys.executable, "-c", SLOW_CREATION, str(source), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "going\n"
        os.kill(child.pid, number)
        return child.wait(200)


def test_ctrl_c_leaves_nothing_at_all(draw_classes, tmp_path):
    start = time.monotonic()
    assert interrupted(draw_classes(COUNTS), tmp_path / "datasets" / "d", signal.SIGINT) == 130
    assert time.monotonic() - start < 100
    assert list((tmp_path / "datasets").iterdir()) == []


def test_a_killed_creation_leaves_no_dataset_and_the_next_one_tidies_up(create, draw_classes, tmp_path):
    source = draw_classes(COUNTS)
    assert interrupted(source, tmp_path / "datasets" / "d", signal.SIGKILL) == -signal.SIGKILL
    left = [path.name for path in (tmp_path / "datasets").iterdir()]
    assert len(left) == 1 and left[0].startswith(".unfinished-d-")
    create(source)
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == ["d"]


def test_work_in_threads_comes_back_in_order_and_within_its_window():
    import threading

    running, most, lock = 0, 0, threading.Lock()

    def work(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(number % 3 / 500)
        with lock:
            running -= 1
        return number

    taken = []

    def tasks():
        for number in range(50):
            assert number - len(taken) <= 5
            yield number

    for result in pipeline.map_in_order(work, tasks(), threads=4, window=5, stop=threading.Event()):
        taken.append(result)
    assert taken == list(range(50)) and most <= 4
