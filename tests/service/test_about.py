import json
import shutil

import pytest

from digits_core.cli.main import run
from digits_core.errors import NameTaken, NameUnknown, SpecInvalid, StateConflict
from digits_core.service.digits import Digits
from digits_core.store.job import RunRequest


@pytest.fixture
def digits(trained):
    return Digits()


class TestAbout:
    def test_what_is_said_of_a_job_is_told_wherever_it_is(self, digits, home):
        digits.jobs(), digits.reindex()
        view = digits.describe_job("finished", description=" The best.\n", tags=["mnist", " mnist ", "a"], owner="ada")
        assert (view.description, view.tags, view.owner) == ("The best.", ("mnist", "a"), "ada")
        again = digits.describe_job("finished", tags=("b",))
        assert (again.description, again.tags, again.owner) == ("The best.", ("b",), "ada")
        digits.reindex()
        assert [job.tags for job in Digits().jobs()] == [("b",)]
        assert digits.rename("finished", "other").description == "The best."
        assert digits.describe_job("other", description="", tags=(), owner="").tags == ()

    def test_the_index_does_not_keep_what_was_said_before(self, digits):
        digits.reindex()
        digits.describe_job("finished", description="new")
        assert [job.description for job in digits.jobs()] == ["new"]

    def test_everything_that_is_wrong_is_refused_at_once_and_nothing_changes(self, digits):
        with pytest.raises(SpecInvalid) as refused:
            digits.describe_job("finished", description="x" * 20_000, tags=["t" * 50, "fine"])
        assert {problem.where for problem in refused.value.problems} == {"description", "tags.0"}
        assert not (digits.home.job_folder("finished") / "about.json").exists()

    def test_a_job_that_cannot_have_another_name_keeps_its_notes_too(self, digits):
        folder = digits.home.job_folder("finished")
        shutil.copytree(folder, digits.home.job_folder("other"))
        for refusal, said in ((NameTaken, {"name": "other"}), (SpecInvalid, {"name": "new", "tags": ["t" * 50]})):
            with pytest.raises(refusal):
                digits.describe_job("finished", **{"description": "leaked", **said})
            assert digits.job("finished").description == ""
        assert not digits.home.job_folder("new").exists()
        view = digits.describe_job("finished", name="new", description="both")
        assert (view.job, view.description) == ("new", "both")

    def test_a_file_that_cannot_be_read_hides_no_job(self, digits):
        (digits.home.job_folder("finished") / "about.json").write_text("{")
        assert digits.job("finished").description == ""

    def test_of_a_dataset_it_holds_for_every_version(self, digits):
        digits.describe_dataset("colours", description="Three colours.", tags="rgb, tiny")
        digits.change_dataset("colours", {"action": "exclude", "pictures": [{"key": "red/00.png"}]})
        about = digits.about_dataset("colours@v0001")
        assert (about, about.tags) == (digits.about_dataset("colours"), ("rgb", "tiny"))
        with pytest.raises(NameUnknown, match="no dataset 'colour'"):
            digits.about_dataset("colour")


class TestTrash:
    def test_a_job_comes_back_as_it_was(self, digits):
        before = digits.job("finished")
        thrown = digits.discard_job("finished")
        assert (thrown.kind, thrown.name) == ("job", "finished") and digits.trash() == (thrown,)
        assert digits.jobs() == ()
        assert digits.restore(thrown.id) == thrown
        assert digits.job("finished") == before and [job.job for job in digits.jobs()] == ["finished"]
        assert digits.trash() == () and not list((digits.home.path / "trash").iterdir())

    def test_a_dataset_that_a_job_needs_stays_and_one_that_none_needs_comes_back(self, digits):
        with pytest.raises(StateConflict, match="used by jobs: finished"):
            digits.discard_dataset("colours")
        job, dataset = digits.discard_job("finished"), digits.discard_dataset("colours")
        assert digits.datasets() == () and digits.trash() == (job, dataset)
        digits.restore(dataset.id)
        assert digits.open_dataset("colours").split("train").read([0]).shape == (1, 16, 16, 3)

    def test_what_runs_is_not_discarded(self, paused):
        paused.write_run(RunRequest(number=2, backend="numpy", wanted="auto"))
        with pytest.raises(StateConflict, match="queued, so it cannot be discarded"):
            Digits().discard_job("finished")

    def test_what_has_its_name_meanwhile_is_not_touched(self, digits, home):
        copy = home.parent / "copy"
        shutil.copytree(home / "jobs" / "finished", copy)
        first = digits.discard_job("finished")
        shutil.copytree(copy, home / "jobs" / "finished")
        with pytest.raises(NameTaken, match="job 'finished' exists already, so job-finished cannot be restored"):
            digits.restore(first.id)
        second = digits.discard_job("finished")
        assert [item.id for item in digits.trash()] == [first.id, second.id] == ["job-finished", "job-finished-2"]

    def test_only_what_is_old_enough_is_emptied(self, digits, home):
        digits.discard_job("finished")
        digits.discard_dataset("colours")
        record = home / "trash" / "job-finished" / "trash.json"
        record.write_text(json.dumps({**json.loads(record.read_text()), "discarded": "2020-01-01T00:00:00Z"}))
        assert digits.empty_trash(older_than_days=30) == 1
        assert [item.name for item in digits.trash()] == ["colours"] and not (home / "trash" / "job-finished").exists()
        assert digits.empty_trash() == 1 and digits.empty_trash() == 0
        with pytest.raises(SpecInvalid, match="found -1"):
            digits.empty_trash(older_than_days=-1)

    @pytest.mark.parametrize("id", ["../jobs/finished", "", ".", "job-other"])
    def test_what_is_not_there_is_not_restored(self, digits, id):
        with pytest.raises(NameUnknown, match="nothing called"):
            digits.restore(id)


def test_the_command_line_says_and_throws_away_and_takes_back(digits, capsys):
    assert run(["job", "describe", "finished", "--description", "Good.\nStart here.", "--tag", "rgb"]) == 0
    assert "  about      Good.\n             Start here.\n  tags       rgb\n" in capsys.readouterr().out
    assert run(["dataset", "describe", "colours", "--tag", "rgb", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "colours", "description": "", "tags": ["rgb"], "owner": ""}
    assert run(["trash", "put", "job", "finished"]) == 0
    assert "digits trash restore job-finished" in capsys.readouterr().out
    assert run(["trash", "list", "--json"]) == 0
    assert [item["id"] for item in json.loads(capsys.readouterr().out)["trash"]] == ["job-finished"]
    assert run(["trash", "restore", "job-finished"]) == 0 and run(["job", "show", "finished"]) == 0
    assert run(["trash", "put", "jobs", "finished"]) == 2
    assert run(["trash", "empty", "--json"]) == 0
