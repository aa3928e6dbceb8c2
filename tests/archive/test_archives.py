import time

import numpy as np
import pytest

from digits_core.archive.manifest import NETWORK, ONNX, REFERENCE_OUTPUT
from digits_core.archive.model import load_archive
from digits_core.archive.reading import read_archive
from digits_core.archive.saved_model import given_model
from digits_core.archive.weights import npy
from digits_core.errors import SpecInvalid, StorageUnusable
from digits_core.inference.model import load_model
from digits_core.packing.writing import FORMS
from digits_core.service.digits import Digits
from digits_core.store.home import Home


@pytest.fixture
def digits(trained, packed, home):
    """A home with job `finished`."""
    return Digits(home)


@pytest.mark.parametrize("suffix", FORMS)
def test_an_archive_made_twice_is_the_same_to_the_last_byte(suffix, digits, tmp_path, monkeypatch):
    first, second = tmp_path / f"one{suffix}", tmp_path / "elsewhere" / f"two{suffix}"
    second.parent.mkdir()
    view = digits.make_archive("finished", first)
    later = time.time() + 86_400 * 400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert digits.make_archive("finished", second).digest == view.digest
    assert first.read_bytes() == second.read_bytes()


def test_every_form_holds_the_same_and_is_told_by_what_it_begins_with(packed, digits, tmp_path):
    for suffix in FORMS:
        digits.make_archive(str(packed), tmp_path / f"again{suffix}")
        (tmp_path / f"again{suffix}").rename(tmp_path / "renamed.tar")
        again = read_archive(tmp_path / "renamed.tar")
        assert again.manifest == read_archive(packed).manifest
        assert again.data == read_archive(packed).data


def test_what_comes_out_is_what_went_in(digits, packed, home):
    archived, own = load_archive(packed), load_model(Home(home), "finished")
    assert archived.graph == own.graph and archived.labels == own.labels
    assert archived.preprocessing.picture == own.picture and archived.preprocessing.crop is None
    graph, arrays = given_model(packed, None)  # what `module(path)` of every backend calls
    assert graph == own.graph
    assert archived.arrays.keys() == arrays.keys() == own.arrays.keys()
    for name, array in own.arrays.items():
        np.testing.assert_array_equal(archived.arrays[name], array)
        np.testing.assert_array_equal(arrays[name], array)


def test_an_archive_tells_no_paths_of_the_machine_that_made_it(contents, finished):
    for name, data in contents.items():
        assert str(finished).encode() not in data, name


def test_verify_uses_everything_once(packed, digits):
    view = digits.verify_archive(packed)
    assert view.passed and [check.name for check in view.checks] == [
        *("files", "weights", "network", "picture", "onnx", "agreement")
    ]


FAULTS = {
    "network": lambda files: {NETWORK: files[NETWORK].replace(b"filters: 20", b"filters: 21")},
    "picture": lambda files: {"reference.png": files["reference.png"][:100]},
    "onnx": lambda files: {ONNX: files[ONNX][: len(files[ONNX]) // 2]},
    "onnx, agreement": lambda files: {REFERENCE_OUTPUT: npy(np.array([[0.5, 0.25, 0.25]], np.float32))},
}


@pytest.mark.parametrize("checks", FAULTS)
def test_verify_sees_what_digests_cannot(checks, repack, contents, digits):
    view = digits.verify_archive(repack(FAULTS[checks](contents)))
    assert not view.passed
    assert ", ".join(check.name for check in view.checks if not check.passed) == checks


NETWORK_FILE = """
format: digits/network
version: 1
name: tiny
input: {channels: 3, height: 16, width: 16}
layers:
  - {name: pool, op: max_pool, kernel: 4, stride: 4}
  - {name: side, op: dense, units: $classes}
  - {name: logits, op: dense, units: $classes, inputs: pool}
losses:
  - {logits: logits}
  - {logits: side, weight: 0.3}
"""


def test_a_crop_and_heads_that_only_train_are_kept(digits, trained, tmp_path):
    (tmp_path / "tiny.yaml").write_text(NETWORK_FILE)
    request = {"dataset": "colours", "network": str(tmp_path / "tiny.yaml"), "name": "cut", "backend": "numpy"}
    digits.train({**request, "epochs": 1, "batch": 9, "data": {"crop": 12}})
    view = digits.make_archive("cut", tmp_path / "cut.zip")
    assert (view.input, view.picture) == ((12, 12, 3), (16, 16, 3))
    assert view.job["request"]["network"] == "tiny.yaml"
    assert digits.verify_archive(tmp_path / "cut.zip").passed
    image = trained / "red" / "00.png"
    assert _guesses(digits, tmp_path / "cut.zip", image) == _guesses(digits, "cut", image)


def _guesses(digits, model, *images):
    return [prediction.top for prediction in digits.classify(str(model), images).predictions]


def test_an_archive_classifies_as_its_model_does(digits, packed, trained):
    images = sorted(trained.glob("*/0*.png"))[:5]
    view = digits.classify(str(packed), images)
    assert view.model == str(packed)
    assert [prediction.top for prediction in view.predictions] == _guesses(digits, "finished", *images)


def test_an_archive_is_evaluated_on_a_dataset(digits, packed):
    view = digits.evaluate(str(packed), dataset="colours")
    assert view.job == "evaluation-finished" and view.accuracy == 1


def test_training_starts_from_an_archive(digits, packed):
    request = {
        "dataset": "colours",
        "start": str(packed),
        "name": "further",
        "backend": "numpy",
        "epochs": 1,
        "batch": 9,
    }
    view = digits.train({**request, "solver": {"name": "sgd", "rate": 0.001}})
    assert view.state == "done" and view.start.loaded


def test_a_job_may_be_called_as_archives_are(digits, trained):
    digits.rename("finished", "odd.zip")
    assert digits.classify("odd.zip", [trained / "red" / "00.png"]).model == "odd.zip@000003-epoch"


def test_nothing_is_left_of_an_archive_that_cannot_be_written(digits, tmp_path):
    with pytest.raises(StorageUnusable):
        digits.make_archive("finished", tmp_path / "nowhere" / "model.zip")
    with pytest.raises(SpecInvalid, match=r"\.tar\.gz.*found model\.rar"):
        digits.make_archive("finished", tmp_path / "model.rar")
    with pytest.raises(SpecInvalid, match="one line"):
        digits.make_archive("finished", tmp_path / "model.zip", license="MIT\nGPL")
    assert not list(tmp_path.glob("*model*"))
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "folder.zip" / "precious").touch()
    with pytest.raises(StorageUnusable):
        digits.make_archive("finished", tmp_path / "folder.zip")
    assert (tmp_path / "folder.zip" / "precious").exists()
