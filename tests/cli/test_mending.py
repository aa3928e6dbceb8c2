"""`digits errors`, `digits similar`, and the commands that make versions of a dataset."""

import csv

import pytest
from PIL import Image

pytestmark = pytest.mark.usefixtures("trained")


def width_of(path):
    with Image.open(path) as picture:
        return picture.width


def test_what_errors_finds_can_be_relabelled_and_excluded(digits, tmp_path):
    table, sheet = tmp_path / "found.csv", tmp_path / "found.png"
    digits("dataset", "relabel", "colours", "green/03.png=blue")
    asked = ("errors", "finished", "--dataset", "colours", "--split", "train", "--no-duplicates")
    answer = digits(*asked, "-o", table, "--sheet", sheet, "--json")
    assert answer.status == 0 and answer.data["version"] == "v0002"
    assert width_of(sheet) > 100
    assert "\nrow  picture" in digits(*asked).out and "by heart" in digits(*asked).err
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["reason"] for row in rows} <= {"label", "mistake", "unsure"}
    mended = digits("dataset", "relabel", "colours", "--file", table, "--reason", "label", "--json")
    assert mended.status == 0 and mended.data["version"] == "v0003"
    excluded = digits(
        "dataset", "exclude", "colours", "--file", table, "--reason", "mistake", "--as", "other", "--json"
    )
    assert (excluded.data["name"], excluded.data["version"]) == ("other", "v0001")
    told = digits("dataset", "show", "colours", "--history")
    assert "colours@v0001  relabel: 1 picture relabelled" in told.out
    assert len(digits("dataset", "show", "colours@v0002", "--history", "--json").data["versions"]) == 3
    assert "train,green/03.png,blue" in digits("dataset", "show", "colours@v0002", "--keys").out


def test_a_new_class_comes_last_and_selecting_and_merging_tell_what_they_did(digits, tmp_path):
    (tmp_path / "more" / "amber").mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (16, 16), (250, 190, number)).save(tmp_path / "more" / "amber" / f"{number}.png")
    appended = digits("dataset", "append", "colours", tmp_path / "more", "--val", "25", "--json")
    assert [item["name"] for item in appended.data["classes"]] == ["blue", "green", "red", "amber"]
    assert "new classes amber" in appended.data["change"]["summary"]
    few = digits(
        "dataset", "select", "colours", "--label", "amber", "--label", "red", "--count", "6", "--as", "few", "--json"
    )
    assert few.data["splits"]["train"] == 6 and len(few.data["classes"]) == 2
    merged = digits("dataset", "merge", "few", "colours@v0001")
    assert merged.status == 0 and "of colours@v0001 added" in merged.err


def test_similar_pictures_are_shown_and_written(digits, trained, tmp_path):
    page = tmp_path / "similar.png"
    answer = digits("similar", "finished", trained / "red" / "05.png", "--count", "3", "-o", page)
    assert answer.status == 0 and answer.out.count("train/") == 3
    assert width_of(page) > 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("dataset", "delete", "colours@v0001"), "digits dataset select colours@v0001"),
        (("dataset", "exclude", "colours"), "Name pictures"),
        (("dataset", "exclude", "colours", "nope"), "no picture nope"),
        (("dataset", "exclude", "colours", "--file", "nope.csv"), "cannot be read"),
        (("dataset", "relabel", "colours", "red/00.png"), "KEY=CLASS"),
        (("dataset", "relabel", "colours", "--rename", "rde=x"), "Did you mean red"),
        (("dataset", "append", "colours", "nope"), "does not exist"),
        (("dataset", "append", "colours", ".", "--split", "tset"), "split"),
        (("dataset", "merge", "colours", "nope"), "no dataset 'nope'"),
        (("dataset", "select", "colours@v9", "--count", "3"), "no version 'v9'"),
        (("dataset", "select", "colours", "--count", "0"), "count"),
        (("dataset", "select", "colours", "--count", "9", "--as", "../x"), "No dataset is called"),
        (("errors", "nope"), "no job or imported model 'nope'"),
        (("errors", "finished", "--unsure-by", "luck"), "margin or entropy"),
        (("errors", "finished", "--layer", "fc9"), "no layer 'fc9'"),
        (("similar", "finished", "nope.png"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_refused_in_words(refused, words, message):
    assert message in refused(*words)
