"""A home on a disk that is really full: a small one, in memory."""

import contextlib
import os
import subprocess

import pytest
import yaml

from digits_core.errors import StorageUnusable
from digits_core.service.digits import Digits
from digits_core.service.watcher import Nobody
from digits_core.store.home import Home
from digits_core.store.index import Index, Kept
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import latest_usable

MEGABYTE = 2**20
#: Its weights and velocities are 2 × 1.5 MB.
WIDE = {
    "name": "wide",
    "input": {},
    "layers": [
        {"name": "hidden", "op": "dense", "units": 512},
        {"name": "relu", "op": "relu"},
        {"name": "logits", "op": "dense", "units": "$classes"},
    ],
}
REQUEST = {
    "dataset": "colours",
    "network": "wide.yaml",
    "name": "thirsty",
    "backend": "numpy",
    "epochs": 4,
    "batch": 9,
    "solver": {"name": "sgd", "rate": 0.0001},
    "snapshots": {"keep": 10},
    "validate_every": 0,
}


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A home of 8 MB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={8 * MEGABYTE}", "digits", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as reason:
        pytest.skip(f"a small disk cannot be mounted here: {reason}")
    monkeypatch.setenv("DIGITS_HOME", str(place / "home"))
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def digits(small_disk, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wide.yaml").write_text(yaml.safe_dump(WIDE))
    found = Digits()
    found.create_dataset({"name": "colours", "paths": (pictures,), "width": 16, "height": 16})
    return found


def fill(folder):
    """A file that leaves not one page of the disk."""
    rest = folder / "rest"
    with contextlib.suppress(OSError), rest.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return rest


def test_a_snapshot_that_finds_the_disk_full_fails_the_job_with_its_cause_and_the_earlier_ones_stand(digits):
    view = digits.train(REQUEST)
    assert view.state == "failed" and "disk is full" in view.error.hint
    snapshots = JobFolder(digits.home.job_folder(view.job)).snapshots_folder
    assert sorted(os.listdir(snapshots)) == ["000001-epoch", "000002-epoch"]
    assert latest_usable(snapshots).state.name == "000002-epoch"
    assert all(device.lease is None for device in digits.devices())


def test_a_job_that_found_the_disk_full_goes_on_when_there_is_room(digits, small_disk):
    assert digits.train(REQUEST).state == "failed"
    subprocess.run(["mount", "-o", f"remount,size={64 * MEGABYTE}", str(small_disk)], check=True)
    view = digits.resume("thirsty")
    assert view.state == "done" and view.snapshots[-1].name == "000004-epoch" and view.step == 12


class Filler(Nobody):
    """Fills the disk as soon as there is a snapshot."""

    def __init__(self, folder):
        self.folder, self.rest = folder, None

    def recorded(self, item):
        if item.fact.kind == "snapshot-saved" and not self.rest:
            self.rest = fill(self.folder)


def test_a_disk_that_others_fill_to_the_last_byte_costs_no_snapshot_and_no_device(digits, small_disk):
    """Not even the journal has room to say what happened."""
    filler = Filler(small_disk)
    with contextlib.suppress(StorageUnusable):
        digits.train(REQUEST | {"epochs": 40}, watcher=filler)
    filler.rest.unlink()
    view = Digits().job("thirsty")
    assert view.state == "failed" and view.snapshots
    assert all(device.lease is None for device in digits.devices())


def test_an_index_without_room_says_so_and_is_as_it_was(small_disk):
    index = Index(Home(small_disk))
    (small_disk / "jobs" / "one").mkdir(parents=True)
    (small_disk / "jobs" / "one" / "job.json").touch()
    assert index.sync() == ("one",)
    rest = fill(small_disk)
    with pytest.raises(StorageUnusable, match="Writing the index of jobs failed"):
        index.close([Kept("2026", "one", "x" * MEGABYTE)])
    rest.unlink()
    assert index.sync() == ("one",)
    index.close([Kept("2026", "one", "{}")])
    assert index.count_closed() == 1
