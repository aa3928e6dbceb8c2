"""The index of jobs, for those who ask it again and again."""

import pytest

from digits_core.store.home import Home
from digits_core.store.index import Index, Kept


@pytest.fixture
def home(tmp_path):
    for name in "abc":
        (tmp_path / "jobs" / name).mkdir(parents=True)
        (tmp_path / "jobs" / name / "job.json").touch()
    return Home(tmp_path)


def kept(id, view="{}"):
    return Kept(f"2026-01-01T00:00:0{ord(id) - 97}", id, view)


def test_whoever_keeps_an_index_sees_what_others_do(home):
    mine, theirs = Index(home), Index(home)
    assert mine.sync() == mine.sync() == ("a", "b", "c")
    theirs.close([kept("a"), kept("b")])
    assert mine.sync() == ("c",) and mine.closed() == (kept("b"), kept("a"))
    theirs.close([kept("a", '{"epoch": 2}')])
    assert mine.closed()[-1] == kept("a", '{"epoch": 2}')
    theirs.reopen("b")
    assert mine.sync() == ("b", "c") and len(mine.closed()) == 1
    (home.path / "jobs" / "a" / "job.json").unlink()
    (home.path / "jobs" / "a").rmdir()
    assert mine.sync() == ("b", "c") and mine.closed() == ()
    theirs.delete()
    assert mine.closed() == () and mine.sync() == ("b", "c")


def test_what_has_not_changed_is_not_read_again(home):
    index = Index(home)
    index.sync()
    index.close([kept("a")])
    assert index.closed() is index.closed()
    assert index.closed(newest=1) == index.closed()
