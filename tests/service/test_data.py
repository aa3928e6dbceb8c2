import csv
import shutil

import numpy as np
import pytest

from digits_core.dataset.manifest import version_names
from digits_core.errors import DatasetUnusable, NameTaken, NameUnknown, SpecInvalid, StateConflict
from digits_core.service import mining
from digits_core.service.digits import Digits
from digits_core.service.references import read_references


@pytest.fixture
def digits(trained):
    return Digits()


def exclude(digits, *keys, dataset="colours", **options):
    pictures = [{"key": key} for key in keys]
    return digits.change_dataset(dataset, {"action": "exclude", "pictures": pictures}, **options)


def train(digits, dataset, name, **more):
    request = {"dataset": dataset, "network": "lenet", "name": name, "backend": "numpy", "epochs": 1, "batch": 9}
    return digits.train({**request, "solver": {"name": "sgd", "rate": 0.002}, **more})


def test_a_dataset_is_named_with_its_version_wherever_one_is_named(digits):
    old, new = digits.dataset("colours"), exclude(digits, "red/00.png", "red/01.png")
    assert (digits.dataset("colours"), digits.dataset("colours@v0001")) == (new, old)
    assert len(digits.open_dataset("colours@v0001").split("train")) == old.splits["train"]
    assert digits.explore("colours@v0001", label="red").size != digits.explore("colours", label="red", count=1).size
    with pytest.raises(NameUnknown, match=r"no version 'v0007'.*v0001, v0002"):
        digits.dataset("colours@v0007")
    jobs = [train(digits, name, f"on-{number}") for number, name in enumerate(("colours", "colours@v0001"))]
    assert [(job.dataset, job.dataset_version) for job in jobs] == [("colours", "v0002"), ("colours", "v0001")]
    found = digits.evaluate("on-1")
    assert (found.dataset, found.version) == ("colours", "v0001")
    assert digits.network("lenet", "colours@v0001").classes == 3


def test_a_job_goes_on_with_the_version_that_it_began_with(paused, home):
    digits = Digits()
    before = digits.dataset("colours")
    exclude(digits, "red/00.png")
    view = digits.resume("finished")
    assert (view.state, view.dataset_version) == ("done", "v0001")
    shutil.rmtree(home / "datasets" / "colours" / "v0002")  # It never needed it.
    assert digits.dataset("colours") == before


def test_a_job_whose_version_is_gone_says_which(paused, home):
    digits = Digits()
    exclude(digits, "red/00.png")
    (home / "datasets" / "colours" / "dataset.json").rename(home / "elsewhere")
    with pytest.raises((DatasetUnusable, NameUnknown)):
        digits.resume("finished")


def test_deleting_is_refused_while_a_job_depends_on_any_version(digits, home):
    exclude(digits, "red/00.png")
    with pytest.raises(StateConflict, match="finished"):
        digits.delete_dataset("colours")
    other = exclude(digits, "red/01.png", new_name="other")
    assert other.change.parent == "colours@v0002"
    digits.delete_job("finished")
    digits.delete_dataset("colours")
    assert len(digits.open_dataset("other").split("train").read(np.arange(9))) == 9


def test_names_that_are_taken_and_requests_that_are_wrong_make_nothing(digits, home):
    exclude(digits, "red/00.png", new_name="other")
    with pytest.raises(NameTaken, match="other"):
        exclude(digits, "red/00.png", new_name="other")
    with pytest.raises(NameUnknown):
        exclude(digits, "red/00.png", dataset="nope")
    with pytest.raises(SpecInvalid, match="Unknown change 'burn'"):
        digits.change_dataset("colours", {"action": "burn"})
    with pytest.raises(NameUnknown):
        digits.change_dataset("colours", {"action": "merge", "dataset": "nope"})
    assert version_names(home / "datasets" / "colours") == ("v0001",)


def test_a_planted_wrong_label_is_found_and_mended(digits, tmp_path):
    """The loop: errors, relabel, a new class, and training that keeps what was learned."""
    planted = {"action": "relabel", "pictures": [{"key": "green/03.png", "to": "blue"}]}
    digits.change_dataset("colours", planted)
    found = digits.errors({"model": "finished", "dataset": "colours", "split": "train"})
    wrong = [item for item in found.findings if item.reason == "label"]
    assert 0.5 < found.accuracy < 1 and found.found["mistake"] >= 1
    assert (wrong[0].key, wrong[0].label, wrong[0].to) == ("green/03.png", "blue", "green")
    assert "by heart" in found.notes[-1]
    mended = {"key": wrong[0].key, "hash": wrong[0].hash, "split": wrong[0].split, "to": wrong[0].to}
    fixed = digits.change_dataset("colours", {"action": "relabel", "pictures": [mended]})
    assert fixed.digest == digits.dataset("colours@v0001").digest  # As if nothing had happened.
    assert [version.change and version.change.action for version in digits.history("colours")] == [
        None,
        "relabel",
        "relabel",
    ]


def test_a_picture_in_two_splits_is_found_in_the_one_that_can_do_without_it(digits, trained, tmp_path):
    key = next(item.key for item in digits.keys("colours") if item.split == "val")
    folder = tmp_path / "more" / "red"
    folder.mkdir(parents=True)
    shutil.copy(trained / key, folder / "again.png")
    digits.change_dataset("colours", {"action": "append", "paths": [str(folder.parent)], "split": "train"})
    found = digits.errors({"model": "finished", "dataset": "colours"}, count=5)
    twins = [item for item in found.findings if item.reason == "duplicate"]
    assert found.found["duplicate"] == len(twins) == 1
    assert (twins[0].split, twins[0].key, twins[0].likeness) == ("train", "red/again.png", 1.0)
    assert twins[0].other.startswith(f"val/{key} (")
    assert digits.sheet(found).width > 100


def test_the_most_similar_picture_is_the_picture_itself_and_the_second_search_looks_at_none(
    digits, trained, monkeypatch
):
    key = next(item.key for item in digits.keys("colours") if item.split == "train")
    asked = {"model": "finished", "split": "train"}
    assert not digits.has_looked(asked)
    first = digits.similar(asked, trained / key, count=4)
    assert digits.has_looked(asked) and not digits.has_looked({**asked, "split": "val"})
    assert (first.neighbours[0].key, first.version) == (key, "v0001")
    assert first.neighbours[0].similarity == pytest.approx(1, abs=2e-3)
    values = [item.similarity for item in first.neighbours]
    assert values == sorted(values, reverse=True) and len(values) == 4
    monkeypatch.setattr(mining.Observer, "see_all", None)
    assert digits.similar(asked, trained / key, count=4).neighbours == first.neighbours
    assert digits.sheet(first).width > 100


def test_what_does_not_fit_is_refused(digits, trained, pictures):
    digits.create_dataset({"name": "large", "paths": (pictures,), "width": 20, "height": 20})
    for asked, words in (
        ({"model": "finished", "dataset": "large"}, "16x16x3, found 20x20x3"),
        ({"model": "finished", "split": "test"}, "no test pictures"),
        ({"model": "finished", "split": "nope"}, "split"),
    ):
        with pytest.raises(SpecInvalid, match=words):
            digits.errors(asked)
    digits.create_dataset({"name": "others", "paths": (pictures,), "width": 16, "height": 16})
    digits.change_dataset("others", {"action": "relabel", "classes": {"red": "r", "green": "g", "blue": "b"}})
    with pytest.raises(SpecInvalid, match="none of the classes"):
        digits.errors({"model": "finished", "dataset": "others"})


def test_files_of_pictures_are_lists_or_tables(tmp_path):
    plain, table = tmp_path / "keys.txt", tmp_path / "found.csv"
    plain.write_text("a.png\n\nb c.png \n")
    assert [item.key for item in read_references(plain)] == ["a.png", "b c.png"]
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [("reason", "split", "key", "to"), ("label", "val", "a,b.png", "cat"), ("unsure", "", "c.png", "")]
        )
    (one,) = read_references(table, ["label"], chosen=True)
    assert (one.split, one.key, one.to) == ("val", "a,b.png", "cat")
    with pytest.raises(SpecInvalid, match="several reasons: label, unsure"):
        read_references(table, chosen=True)
    with pytest.raises(SpecInvalid, match="no picture with reason mistake"):
        read_references(table, ["mistake"])
    table.write_text("split,key\nnope,a.png\n")
    with pytest.raises(SpecInvalid, match="Unknown split 'nope'"):
        read_references(table)
