"""Looking at datasets, and at what would become one."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from digits_core.dataset import sources
from digits_core.errors import NameUnknown, SourceInvalid, SpecInvalid
from digits_core.service.digits import Digits


@pytest.fixture
def digits(trained):
    return Digits()


def opened(data):
    return Image.open(io.BytesIO(data))


def test_a_gallery_shows_a_split_page_by_page(digits):
    whole = digits.gallery("colours", count=100)
    assert (whole.total, whole.pages, len(whole.items)) == (27, 1, 27)
    assert {item.label for item in whole.items} == {"blue", "green", "red"}
    second = digits.gallery("colours", page=1, count=10)
    assert second.pages == 3
    assert second.items == whole.items[10:20]
    assert digits.gallery("colours", page=3, count=10).items == ()


def test_a_gallery_is_of_a_class_or_of_what_a_key_has(digits):
    assert {item.label for item in digits.gallery("colours", label="red").items} == {"red"}
    keys = {item.key for item in digits.gallery("colours", count=100).items}
    assert {item.key for item in digits.gallery("colours", query="EN/0", count=100).items} == {
        key for key in keys if "en/0" in key
    }
    assert {item.key for item in digits.gallery("colours", query="red/*", label="blue").items} == set()
    with pytest.raises(NameUnknown, match="Did you mean red"):
        digits.gallery("colours", label="rad")
    with pytest.raises(NameUnknown, match="Unknown split"):
        digits.gallery("colours", split="all")
    with pytest.raises(SpecInvalid):
        digits.gallery("colours", page=-1)


def test_a_picture_is_what_training_reads(digits):
    pixels = digits.open_dataset("colours").split("val").read(np.array([2]))[0]
    assert np.array_equal(np.asarray(opened(digits.picture("colours", "val", 2))), pixels)
    assert opened(digits.picture("colours", "val", 2, size=8)).size == (8, 8)
    assert opened(digits.picture("colours", "val", 2, size=500)).size == (16, 16)
    with pytest.raises(NameUnknown, match="has 9 pictures"):
        digits.picture("colours", "val", 9)


def test_pictures_are_of_the_version_that_is_named_and_of_a_dataset_made_anew(digits, trained):
    first = digits.picture("colours", "train", 0)
    key = digits.gallery("colours", count=1).items[0].key
    digits.change_dataset("colours", {"action": "exclude", "pictures": [{"key": key}]})
    assert digits.picture("colours@v0001", "train", 0) == first != digits.picture("colours", "train", 0)
    assert digits.gallery("colours").total == 26
    for job in digits.jobs():
        digits.delete_job(job.job)
    digits.delete_dataset("colours")
    digits.create_dataset({"name": "colours", "paths": (trained,), "width": 8, "height": 8})
    assert opened(digits.picture("colours", "train", 0)).size == (8, 8)
    with pytest.raises(NameUnknown, match="There is no dataset 'coulors'"):
        digits.picture("coulors", "train", 0)


def test_the_mean_and_what_was_skipped_are_told(digits, pictures):
    (pictures / "red" / "broken.png").write_bytes(b"no picture")
    digits.create_dataset({"name": "again", "paths": (pictures,), "width": 16, "height": 16})
    mean = np.asarray(opened(digits.mean_image("again")), float)
    assert np.abs(mean - digits.open_dataset("again").mean).max() <= 0.5
    assert [(item.key, item.reason) for item in digits.skipped("again")] == [
        ("red/broken.png", "not a picture of a known format")
    ]
    digits.change_dataset("again", {"action": "select", "splits": ["train"]})
    assert digits.skipped("again@v0002") == digits.skipped("again@v0001")
    assert digits.skipped("colours") == ()


def test_what_a_creation_would_find_is_what_it_finds(pictures):
    digits = Digits()
    (pictures / "rare").mkdir()
    Image.new("RGB", (4, 4)).save(pictures / "rare" / "one.png")
    request = {"name": "found", "paths": [str(pictures)], "val": 50, "width": 8, "height": 8}
    found = digits.preview_source(request)
    assert found.left_out == {"rare": 1}
    assert {item.label for item in found.pictures} == {"blue", "green", "red", "rare"}
    made = digits.create_dataset(request)
    assert (found.complete, found.problems) == (True, ())
    assert (found.classes, found.splits) == (made.classes, made.splits)


def test_an_unfinished_request_is_looked_at_as_far_as_it_goes(pictures):
    digits = Digits()
    found = digits.preview_source({"name": "no name", "paths": [str(pictures)], "width": 0})
    assert {problem["where"] for problem in found.problems} == {"name", "width"}
    assert found.splits["train"] == 27
    assert {problem["where"] for problem in digits.preview_source({}).problems} == {"name", "paths"}
    gone = digits.preview_source({"name": "gone", "paths": [str(pictures / "nowhere")]})
    assert [problem["message"] for problem in gone.problems] == [f"{pictures / 'nowhere'} does not exist."]
    both = digits.preview_source({"name": "a", "paths": [str(pictures)], "val": 10, "val_path": str(pictures)})
    assert "contradict" in both.problems[0]["message"]


def test_nobody_waits_for_a_long_listing_and_it_is_taken_once(pictures, monkeypatch):
    go_on, taken = threading.Event(), []
    quick = sources._open
    monkeypatch.setattr(sources, "_open", lambda *words: (taken.append(words), go_on.wait(200), quick(*words))[-1])
    digits, request = Digits(), {"name": "slow", "paths": [str(pictures)]}
    waiting = digits.preview_source(request, patience_s=0.01)
    assert (waiting.complete, waiting.splits) == (False, {})
    go_on.set()
    assert digits.preview_source(request).splits["train"] == 27
    assert digits.preview_source({**request, "val": None, "test": 10}).splits["test"] == 3
    assert len(taken) == 1


def test_examples_are_previewed_in_the_form_that_is_asked_for(pictures):
    digits = Digits()
    request = {"paths": [str(pictures)]}
    example = digits.preview_source(request).pictures[0]
    picture = digits.source_picture(request, example.number)
    assert picture == (pictures / example.key).read_bytes()
    form = {"width": 20, "height": 10, "channels": 1, "resize": "crop"}
    made = opened(digits.preview(picture, form))
    assert (made.size, made.mode) == ((20, 10), "L")
    with pytest.raises(SourceInvalid, match="not a picture"):
        digits.preview(b"nothing", form)
    with pytest.raises(SpecInvalid, match="channels"):
        digits.preview(picture, {**form, "channels": 2})
    with pytest.raises(NameUnknown):
        digits.source_picture(request, 99)


def test_pictures_are_shown_as_training_changes_them(digits):
    sheet = digits.augmented("colours", {"crop": 12, "augment": {"flip": "lr"}}, count=2, epochs=3)
    plain = digits.explore("colours", count=2)
    assert sheet.width > plain.width
    with pytest.raises(SpecInvalid, match="crop"):
        digits.augmented("colours", {"crop": 99})
