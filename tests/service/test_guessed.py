"""The pictures behind an evaluation, and the pictures of an inspection."""

import io

import pytest
from PIL import Image

from digits_core.errors import NameUnknown, SourceInvalid, StateConflict
from digits_core.service.digits import Digits


@pytest.fixture
def digits(trained):
    return Digits()


def test_every_cell_of_a_confusion_matrix_has_its_pictures_and_they_are_what_classification_says(digits, trained):
    found = digits.evaluate("finished", split="train")
    digits.change_dataset("colours", {"action": "exclude", "pictures": [{"key": "*/0*"}]})
    for row, truth in enumerate(found.labels):
        for column, taken in enumerate(found.labels):
            cell = digits.confused(found.job, truth=truth, taken=taken, count=5)
            assert cell.total == found.confusion[row][column]
            assert len(cell.pictures) == min(5, cell.total)
            assert {(one.label, one.taken) for one in cell.pictures} <= {(truth, taken)}
    every = digits.confused(found.job)
    assert (every.total, every.version) == (found.samples, "v0001")
    sure = [one.probability for one in every.pictures]
    assert sure == sorted(sure, reverse=True)
    keys = {name.key: name.label for name in digits.keys("colours@v0001") if name.split == "train"}
    told = digits.classify("finished", [trained / one.key for one in every.pictures])
    for one, prediction in zip(every.pictures, told.predictions, strict=True):
        assert keys[one.key] == one.label
        assert prediction.top[0].label == one.taken
        assert prediction.top[0].probability == pytest.approx(one.probability, abs=1e-5)
    assert digits.evaluation(found.job) == found


def test_what_has_no_guesses_says_so(digits, home):
    with pytest.raises(StateConflict, match="scores no model"):
        digits.evaluation("finished")
    found = digits.evaluate("finished")
    with pytest.raises(NameUnknown, match="no class 'rde'") as wrong:
        digits.confused(found.job, taken="rde")
    assert "red" in wrong.value.hint
    (home / "jobs" / found.job / "guesses.npy").unlink()
    with pytest.raises(StateConflict, match="did not keep") as old:
        digits.confused(found.job)
    assert "digits evaluate finished" in old.value.hint


def test_every_layer_of_an_inspection_has_its_pictures(digits, trained):
    found = digits.inspect({"model": "finished", "image": trained / "red" / "00.png", "saliency": ["occlusion"]})
    figures = list(found.figures())
    assert [one.layer for one in figures[:2]] == ["", ""]
    shown = {(one.layer, one.weight) for one in figures[2:]}
    assert shown == {(layer.name, weight) for layer in found.view.layers for weight in ("", *layer.weights)}
    conv = next(one for one in figures if (one.layer, one.weight) == ("conv1", "conv1/kernel"))
    width, height = Image.open(io.BytesIO(conv.png)).size
    assert conv.width % width == 0 and conv.height % height == 0


def test_a_picture_is_not_fetched_from_this_machine(digits):
    with pytest.raises(SourceInvalid, match=r"127\.0\.0\.1"):
        digits.download("http://127.0.0.1:9/cat.png")
