import os

import numpy as np
import pytest
from PIL import Image

from digits_core.contracts.dataset_source import Item, SourceOptions
from digits_core.contracts.picture_file import PICTURE_ENDINGS
from digits_core.dataset.pictures import picture_formats
from digits_core.errors import SourceInvalid
from digits_images.folders import FolderSource


def source(path):
    return FolderSource(path, SourceOptions())


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_each_folder_below_the_path_is_a_class_with_pictures_at_any_depth(tmp_path):
    put(tmp_path, "dog/b.png", "dog/2/deep/a.jpg", "cat/c.bmp")
    assert source(tmp_path).itemize() == [
        Item("cat/c.bmp", "cat"),
        Item("dog/2/deep/a.jpg", "dog"),
        Item("dog/b.png", "dog"),
    ]


def test_endings_count_in_any_case_and_other_files_do_not(tmp_path):
    put(tmp_path, "a/1.JPG", "a/2.Png", "a/3.tiff", "a/notes.txt", "a/Thumbs.db", "a/noending")
    assert [item.key for item in source(tmp_path).itemize()] == ["a/1.JPG", "a/2.Png", "a/3.tiff"]


def test_hidden_files_and_folders_empty_folders_and_loose_pictures_are_left_alone(tmp_path):
    put(tmp_path, "a/1.png", "a/.hidden.png", "a/.git/2.png", ".cache/3.png", "loose.png")
    (tmp_path / "empty").mkdir()
    assert [item.key for item in source(tmp_path).itemize()] == ["a/1.png"]


def test_a_linked_class_folder_counts_and_circles_do_not_matter(tmp_path):
    put(tmp_path, "elsewhere/1.png")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/circle").symlink_to(tmp_path / "elsewhere")
    assert source(tmp_path / "root").itemize() == [Item("a/1.png", "a")]


@pytest.mark.parametrize("name", ["two words", "ünïcode", "-dash", "quote'\""])
def test_unusual_names_are_kept(tmp_path, name):
    put(tmp_path, f"{name}/{name}.png")
    (item,) = source(tmp_path).itemize()
    assert item.label == name and source(tmp_path).read(item.key) == b"x"


def test_names_that_are_not_unicode_survive(tmp_path):
    folder = os.fsencode(tmp_path) + b"/cl\xff"
    os.mkdir(folder)
    with open(folder + b"/\xfe.png", "wb") as stream:
        stream.write(b"x")
    (item,) = source(tmp_path).itemize()
    assert item.label == "cl\ufffd" and source(tmp_path).read(item.key) == b"x"


def test_a_folder_without_pictures_is_refused_with_the_known_endings(tmp_path):
    put(tmp_path, "a/notes.txt")
    with pytest.raises(SourceInvalid, match=r"No pictures.*\.jpg"):
        source(tmp_path).itemize()


def test_only_a_folder_of_folders_is_recognised(tmp_path):
    put(tmp_path, "root/a/1.png", "flat/1.png")
    assert FolderSource.recognises(tmp_path / "root")
    assert not FolderSource.recognises(tmp_path / "flat")
    assert not FolderSource.recognises(tmp_path / "flat/1.png")


def test_reading_refuses_pipes_missing_and_huge_files(tmp_path, monkeypatch):
    put(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a/pipe.png")
    with pytest.raises(OSError, match="not a regular file"):
        source(tmp_path).read("a/pipe.png")
    with pytest.raises(FileNotFoundError):
        source(tmp_path).read("a/gone.png")
    monkeypatch.setattr("digits_core.contracts.picture_file.MAX_FILE_BYTES", 0)
    with pytest.raises(OSError, match="larger than"):
        source(tmp_path).read("a/1.png")


def test_what_is_read_is_the_file(tmp_path):
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "1.png")
    assert source(tmp_path).read("1.png") == (tmp_path / "1.png").read_bytes()


def test_the_endings_are_those_of_the_formats_that_are_decoded():
    formats = {*picture_formats()}
    known = {ending for ending, form in Image.registered_extensions().items() if form in formats}
    assert known <= PICTURE_ENDINGS
    assert ".eps" not in PICTURE_ENDINGS
