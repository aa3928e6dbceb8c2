"""Snapshots are complete or not there, and damage is seen."""

import errno
import os

import numpy as np
import pytest

from digits_core import disk
from digits_core.errors import NameUnknown, SnapshotDamaged, StorageUnusable
from digits_core.store import snapshots
from digits_core.store.snapshots import (
    SnapshotState,
    best_snapshot,
    clear_unfinished,
    keep,
    latest_usable,
    list_snapshots,
    load_snapshot,
    save_snapshot,
    snapshot_name,
)


def state(epoch, **fields):
    given = {"name": snapshot_name(epoch), "step": round(epoch * 10), "epoch": epoch, "seed": 0, "backend": "numpy"}
    return SnapshotState(**{**given, **fields})


def arrays(value=1.0):
    weights = np.arange(6, dtype=np.float32).reshape(2, 3) + value
    # A transposed view: what is saved is what it shows, not how it lies in memory.
    return {"fc/kernel": weights.T, "fc/bias": np.full(2, value, np.float64), "solver/velocity/fc/kernel": -weights.T}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


def validated(accuracy, loss):
    return {"val/accuracy": accuracy, "val/loss": loss}


def test_arrays_come_back_bit_for_bit(folder):
    name = save_snapshot(folder, state(1), arrays(0.1))
    found, loaded = load_snapshot(folder, name)
    assert found.name == name == "000001-epoch"
    assert sorted(path.name for path in (folder / name).iterdir()) == [
        "solver.safetensors",
        "state.json",
        "weights.safetensors",
    ]
    for key, array in arrays(0.1).items():
        assert loaded[key].dtype == array.dtype
        np.testing.assert_array_equal(loaded[key], array)


def test_slots_are_left_out_where_they_are_not_wanted(folder):
    save_snapshot(folder, state(1), arrays())
    assert set(load_snapshot(folder, "000001-epoch", slots=False)[1]) == {"fc/kernel", "fc/bias"}


def test_a_network_without_slots_can_be_saved(folder):
    save_snapshot(folder, state(1), {"fc/bias": np.ones(2)})
    assert set(load_snapshot(folder, "000001-epoch")[1]) == {"fc/bias"}


def test_names_sort_as_epochs_do():
    epochs = [0.25, 0.999822, 1, 2.5, 10, 99, 100, 1234.000001]
    names = [snapshot_name(epoch) for epoch in epochs]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("file", ["weights.safetensors", "solver.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["gone", "short", "flipped"])
def test_damage_is_named_and_the_snapshot_before_is_used(folder, file, damage):
    save_snapshot(folder, state(1), arrays(1))
    save_snapshot(folder, state(2), arrays(2))
    path = folder / "000002-epoch" / file
    content = bytearray(path.read_bytes())
    path.unlink()
    if damage == "short":
        path.write_bytes(content[:-3])
    if damage == "flipped":
        content[len(content) // 2] ^= 0x80
        path.write_bytes(content)
    with pytest.raises(SnapshotDamaged, match=rf"000002-epoch is damaged: {file}"):
        load_snapshot(folder, "000002-epoch")
    usable = latest_usable(folder)
    assert usable.state.name == "000001-epoch"
    assert [file in problem.message for problem in usable.damaged] == [True]
    np.testing.assert_array_equal(usable.arrays["fc/bias"], [1.0, 1.0])


def test_where_none_is_whole_all_are_named(folder):
    for epoch in (1, 2):
        save_snapshot(folder, state(epoch), arrays())
        (folder / snapshot_name(epoch) / "weights.safetensors").write_bytes(b"")
    with pytest.raises(SnapshotDamaged) as refused:
        latest_usable(folder)
    assert len(refused.value.problems) == 2


def test_where_there_is_none_nothing_is_usable(folder):
    assert latest_usable(folder) is None
    assert list_snapshots(folder) == ()


def test_an_unknown_name_is_refused_with_close_ones(folder):
    save_snapshot(folder, state(1), arrays())
    with pytest.raises(NameUnknown, match="Did you mean 000001-epoch"):
        load_snapshot(folder, "000002-epoch")


def test_snapshots_are_listed_by_step_and_unfinished_ones_are_not(folder):
    for epoch in (10, 2.5, 3):
        save_snapshot(folder, state(epoch), arrays())
    (folder / ".unfinished-000004-epoch-x").mkdir()
    assert [found.epoch for found in list_snapshots(folder)] == [2.5, 3, 10]
    clear_unfinished(folder)
    assert len(list(folder.iterdir())) == 3


def test_a_snapshot_replaces_one_of_its_name(folder):
    save_snapshot(folder, state(1), arrays(1))
    save_snapshot(folder, state(1), arrays(2))
    assert load_snapshot(folder, "000001-epoch")[1]["fc/bias"][0] == 2
    assert [path.name for path in folder.iterdir()] == ["000001-epoch"]


@pytest.mark.parametrize("earlier", [1, 2])
def test_on_a_full_disk_the_cause_is_named_and_earlier_snapshots_stand(folder, monkeypatch, earlier):
    save_snapshot(folder, state(earlier), arrays(1))

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(StorageUnusable, match=r"000002-epoch failed: No space left.*free some space"):
        save_snapshot(folder, state(2), arrays(2))
    monkeypatch.undo()
    assert [path.name for path in folder.iterdir()] == [snapshot_name(earlier)]
    assert latest_usable(folder).arrays["fc/bias"][0] == 1


def test_a_writer_killed_while_it_replaces_a_snapshot_leaves_the_one_before(folder):
    name = save_snapshot(folder, state(1), arrays(1.0))
    # Where the kill falls: the old one is set aside, the new one is not in place yet.
    (folder / name).rename(folder / f".unfinished-old-{name}")
    (folder / f".unfinished-{name}-1-torn").mkdir()
    clear_unfinished(folder)
    assert [path.name for path in folder.iterdir()] == [name]
    np.testing.assert_equal(load_snapshot(folder, name)[1], arrays(1.0))


def test_the_best_has_the_highest_accuracy_then_the_lowest_loss():
    states = [
        state(1, metrics=validated(0.5, 1.0)),
        state(2, metrics=validated(0.7, 0.9)),
        state(3, metrics=validated(0.7, 0.8)),
        state(4, metrics=validated(0.7, 0.8)),
        state(5),
    ]
    assert best_snapshot(states).epoch == 3


def test_without_validation_the_newest_is_the_best():
    assert best_snapshot([state(1), state(3), state(2)]).epoch == 3
    assert best_snapshot([]) is None


def test_the_newest_and_the_best_are_kept(folder):
    for epoch in range(1, 7):
        save_snapshot(folder, state(epoch), arrays())
    gone = keep(folder, newest=2, best="000003-epoch")
    assert gone == ("000001-epoch", "000002-epoch", "000004-epoch")
    assert [found.epoch for found in list_snapshots(folder)] == [3, 5, 6]


def test_a_writer_killed_while_it_deletes_leaves_nothing_that_looks_damaged(folder, monkeypatch):
    for epoch in (1, 2):
        save_snapshot(folder, state(epoch), arrays())

    def killed(path, **_):
        (path / "state.json").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshots.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        keep(folder, newest=1, best="000002-epoch")
    assert latest_usable(folder).damaged == ()
