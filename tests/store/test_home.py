"""The home folder."""

import os
from pathlib import Path

import pytest

from digits_core.errors import NameUnknown
from digits_core.store.home import Home


def test_the_environment_decides_where_the_home_is(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITS_HOME", str(tmp_path))
    assert Home.default() == Home(tmp_path)


def test_without_the_environment_it_is_the_platforms_folder(monkeypatch):
    monkeypatch.setenv("DIGITS_HOME", "")
    assert Home.default().path.is_absolute()
    assert Home.default().path.name == "digits"


def test_a_relative_home_does_not_move_with_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGITS_HOME", "here")
    assert Home.default().path == Path(tmp_path / "here")


def test_only_complete_datasets_and_jobs_are_listed(tmp_path):
    home = Home(tmp_path)
    assert home.job_ids() == home.dataset_names() == ()
    for name in ("b", "a", ".unfinished-c-x", "d"):
        (home.path / "jobs" / name).mkdir(parents=True)
        (home.path / "datasets" / name).mkdir(parents=True)
        if name != "d":
            (home.path / "jobs" / name / "job.json").touch()
            (home.path / "datasets" / name / "dataset.json").touch()
    assert home.job_ids() == home.dataset_names() == ("a", "b")


def test_what_comes_later_is_listed_however_often_it_was_looked_at_before(tmp_path):
    home = Home(tmp_path)
    jobs = home.path / "jobs"
    (jobs / "late").mkdir(parents=True)
    os.utime(jobs, (1e9, 1e9))
    assert home.job_ids() == ()
    (jobs / "late" / "job.json").touch()
    assert home.job_ids() == ("late",), "the folder was there, its file came later"
    (jobs / "more").mkdir()
    (jobs / "more" / "job.json").touch()
    assert home.job_ids() == ("late", "more")


@pytest.mark.parametrize("name", ["..", "../jobs/x", "a/b", "", "/etc", ".hidden", "a\n"])
def test_a_name_never_leads_out_of_the_home(tmp_path, name):
    with pytest.raises(NameUnknown):
        Home(tmp_path).job_folder(name)
    with pytest.raises(NameUnknown):
        Home(tmp_path).dataset_folder(name)
