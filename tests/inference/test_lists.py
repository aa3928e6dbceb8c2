import os
from pathlib import Path

import pytest

from digits_core.errors import SourceInvalid
from digits_core.inference.lists import Listed, list_pictures


@pytest.fixture
def folder(tmp_path):
    for name in ("cats/b.PNG", "cats/deep/a.jpg", "dogs/c.bmp", "dogs/.hidden.png", ".git/x.png", "notes.md"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).touch()
    return tmp_path / "all"


def names(listed, folder):
    return [os.path.relpath(one.place, folder) for one in listed]


def test_a_folder_is_searched_to_its_depth_and_hidden_files_are_left_alone(folder):
    assert names(list_pictures([str(folder)]), folder) == ["cats/b.PNG", "cats/deep/a.jpg", "dogs/c.bmp"]
    labelled = list_pictures([str(folder), str(folder / "dogs" / "c.bmp")], by_folder=True)
    assert [one.truth for one in labelled] == ["cats", "deep", "dogs", "dogs"]


@pytest.mark.parametrize(
    ("line", "place", "truth"),
    [
        ("a.png", "a.png", None),
        ("a.png cat", "a.png", "cat"),
        ("a.png golden retriever", "a.png", "golden retriever"),
        ("my cat.png", "my cat.png", None),
        ("my cat.JPG 3", "my cat.JPG", "3"),
        ("a\tgolden retriever", "a", "golden retriever"),
        ("plain", "plain", None),
        ("plain 3", "plain", "3"),
        ("x.png/y 4", "x.png/y", "4"),
    ],
)
def test_lines_of_a_list(tmp_path, line, place, truth):
    (tmp_path / "list.txt").write_text(f"\ufeff{line}\r\n\n  \n/else/b.png dog\n")
    first, second = list_pictures([str(tmp_path / "list.txt")])
    assert first == Listed(str(tmp_path / place), truth)
    assert second == Listed("/else/b.png", "dog")


def test_a_prefix_is_where_relative_paths_start_and_urls_stay(tmp_path):
    (tmp_path / "list.lst").write_text("a.png 1\nhttps://host/b.png cat\n/c.png\n")
    places = [one.place for one in list_pictures([str(tmp_path / "list.lst")], Path("/pictures"))]
    assert places == ["/pictures/a.png", "https://host/b.png", "/c.png"]


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na b.png,cat\nc.png,\n",
        "a b.png, cat\n\nc.png\n",
        "class,file\ncat,a b.png\n,c.png\n",
    ],
)
def test_lists_as_csv(tmp_path, text):
    (tmp_path / "list.csv").write_text(text)
    found = list_pictures([str(tmp_path / "list.csv")])
    assert found == [Listed(str(tmp_path / "a b.png"), "cat"), Listed(str(tmp_path / "c.png"))]


def test_everything_that_lists_nothing_is_told_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("ä.png\n".encode("latin-1"))
    words = [str(tmp_path / name) for name in ("empty", "empty.txt", "latin.txt", "gone.csv", "a.png")]
    words += ["", "~nouser/a.png"]
    with pytest.raises(SourceInvalid) as refused:
        list_pictures(words)
    told = [problem.message for problem in refused.value.problems]
    assert len(told) == 6 and "holds no pictures" in told[0] and "not UTF-8" in told[2] and "no file" in told[3]
    assert "found an empty word" in told[4] and "found ~nouser" in told[5]
