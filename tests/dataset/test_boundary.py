"""A request that is held to some folders reads nothing that lies elsewhere, whatever its files name."""

import shutil

import pytest

from digits_core.contracts.boundary import Boundary
from digits_core.contracts.picture_file import read_picture_file
from digits_core.dataset import sources
from digits_core.errors import SourceInvalid
from digits_images.folders import FolderSource


@pytest.fixture
def secret(draw_classes):
    """Pictures that may not be read."""
    return draw_classes({"cat": 6, "dog": 6}, "secret")


@pytest.fixture
def root(draw_classes):
    """Pictures that may be read."""
    return draw_classes({"cat": 6, "dog": 6}, "root")


def told(create, path, **fields):
    with pytest.raises(SourceInvalid) as refused:
        create(path, **fields)
    return [(problem.message, problem.where) for problem in refused.value.problems]


def test_a_list_that_names_pictures_elsewhere_is_refused_line_by_line(create, root, secret):
    (root / "link").symlink_to(secret)
    outside = (f"{secret}/cat/000.png", "../secret/dog/000.png", "link/dog/001.png", "../nowhere/a.png")
    lines = [f"{path} {number % 2}" for number, path in enumerate(("cat/000.png", *outside))]
    (root / "all.txt").write_text("\n".join(lines))
    expected = [
        (f"{path!r} leads out of the folders that may be read.", f"{root}/all.txt, line {number}")
        for number, path in enumerate(outside, 2)
    ]
    assert told(create, root / "all.txt", within=(root,)) == expected


def test_the_paths_of_a_request_are_held_to_it_too(create, root, secret):
    (root / "few.csv").write_text("cat/000.png,cat\n")
    found = told(create, root / "few.csv", within=(root,), prefix=secret, val_path=secret, labels=secret / "none")
    assert [message.partition(" ")[0] for message, _ in found] == [str(secret), f"{secret}/none", str(secret)]
    assert all("leads out" in message for message, _ in found)


def test_a_picture_that_is_a_link_elsewhere_is_skipped_and_one_that_stays_is_not(create, root, secret):
    (root / "cat" / "out.png").symlink_to(secret / "cat" / "000.png")
    (root / "cat" / "in.png").symlink_to(root / "cat" / "000.png")
    made = create(root, within=(root,), name="held").manifest
    assert (made.skipped, sum(made.splits.values())) == (1, 13)
    free = create(root, name="free").manifest
    assert (free.skipped, sum(free.splits.values())) == (0, 14)
    assert free.spec.within is None


def test_a_class_folder_that_is_a_link_elsewhere_is_refused(create, root, secret):
    shutil.rmtree(root / "dog")
    (root / "dog").symlink_to(secret / "dog")
    assert told(create, root, within=(root,))[0][0] == f"{root}/dog leads out of the folders that may be read."


def test_a_source_that_does_not_promise_to_stay_is_not_asked(create, root, monkeypatch):
    monkeypatch.setattr(FolderSource, "stays_within", False)
    assert "does not promise" in told(create, root, within=(root,))[0][0]
    assert create(root).manifest.skipped == 0


def test_a_link_is_followed_when_the_file_is_opened(root, secret):
    boundary, path = Boundary((root,)), root / "cat" / "000.png"
    assert read_picture_file(str(path), boundary)
    path.unlink()
    path.symlink_to(secret / "cat" / "000.png")
    with pytest.raises(PermissionError):
        read_picture_file(str(path), boundary)
    with pytest.raises(PermissionError):
        read_picture_file(str(path), Boundary(()))


def test_no_folders_are_no_leave_to_read(create, root):
    assert "They are: none." in str(sources.Boundary(()).hint)
    assert "leads out" in told(create, root, within=())[0][0]
