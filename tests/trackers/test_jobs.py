"""Jobs that are followed: asked for, killed, resumed, and read back."""

import csv
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from digits_core.cli.main import run as run_command
from digits_core.errors import NameUnknown, RequestWrong
from digits_core.events.facts import RunPaused, RunStarted, TrainingLogged, Validated
from digits_core.events.journal import read_facts
from digits_core.hooks.registry import discover
from digits_core.service.digits import Digits
from digits_core.store.job import JobFolder
from digits_core.store.tracking import read_record

OURS = ("csv", "mlflow", "tensorboard")
REQUEST = {"dataset": "colours", "network": "lenet", "name": "followed", "backend": "numpy", "batch": 9}


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.fixture
def digits(trained, home):
    return Digits(home)


def following(home, names):
    """Whether each tracker has written something of the training."""
    journal = home / "jobs" / "followed" / "events.jsonl"
    return all(read_record(journal.parent, name).cursor > 2000 for name in names)


@pytest.mark.slow
def test_a_job_that_is_killed_and_resumed_is_told_whole_and_once(digits, home, monkeypatch):
    if missing := set(OURS) - set(discover().trackers.available()):
        pytest.skip(f"{', '.join(sorted(missing))} is not installed here")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", type(sys)("notf"))
    long = {"devices": "cpu:1", "epochs": 50_000, "validate_every": 10, "snapshots": {"every": 10, "keep": 2}}
    digits.submit({**REQUEST, **long, "track": ["csv", "tensorboard", "mlflow"]})
    digits._runs.look(wait=True)
    folder = JobFolder(home / "jobs" / "followed")
    wait_until(lambda: following(home, OURS) and digits.job("followed").snapshots)
    first = read_record(folder.path, "mlflow")
    os.killpg(folder.process().pid, signal.SIGKILL)
    wait_until(lambda: digits.job("followed").state == "failed")
    digits.resume("followed", detach=True)
    digits._runs.look(wait=True)
    wait_until(lambda: digits.job("followed").runs == 2)
    digits.pause("followed")
    view = digits.watch("followed")
    assert view.state == "paused" and [tracker.name for tracker in view.trackers] == list(OURS)

    facts = read_facts(folder.journal.path)
    trained = [item for item in facts if isinstance(item.fact, TrainingLogged)]
    resumed = next(item.fact.step for item in facts if isinstance(item.fact, RunStarted) and item.fact.run == 2)
    for file, kind in (("training.csv", TrainingLogged), ("validation.csv", Validated)):
        with open(folder.path / "csv" / file, newline="") as stream:
            rows = [(float(row["time"]), int(row["step"]), float(row["loss"])) for row in csv.DictReader(stream)]
        assert rows == [(item.time, item.fact.step, item.fact.loss) for item in facts if isinstance(item.fact, kind)]

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder.path / "tensorboard"), size_guidance={"scalars": 0}).Reload()
    steps = [point.step for point in events.Scalars("train/loss")]
    of_first = [item.fact.step for item in trained if item.fact.step <= resumed]
    assert steps[: len(of_first)] == of_first and steps == sorted(set(steps)) and steps[-1] == trained[-1].fact.step

    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=(home / "trackers" / "mlflow").as_uri())
    record = read_record(folder.path, "mlflow")
    (tracked,) = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert tracked.info.run_id == first.mark["run"] == record.mark["run"] and tracked.info.status == "SCHEDULED"
    points = client.get_metric_history(tracked.info.run_id, "train/loss")
    assert [(point.step, point.timestamp) for point in points] == [
        (item.fact.step, round(item.time * 1000)) for item in trained
    ]
    assert isinstance([item.fact for item in facts if item.fact.kind != "noted"][-1], RunPaused)


def test_settings_choose_trackers_for_every_job_and_a_job_may_choose_others(digits, home, tmp_path):
    (home / "settings.yaml").write_text(f"trackers: {{csv: {{folder: {tmp_path}/tables}}}}\n")
    view = digits.train({**REQUEST, "epochs": 1})
    (tracker,) = view.trackers
    assert (tracker.name, tracker.where) == ("csv", f"{tmp_path}/tables/followed")
    assert (Path(tracker.where) / "training.csv").exists()
    alone = digits.submit({**REQUEST, "name": "alone", "track": "none"})
    assert alone.trackers == () and JobFolder(home / "jobs" / "alone").run().trackers == {}


def test_everything_that_is_wrong_with_trackers_is_said_at_once(digits, home):
    wrong = {"tensorbord": {}, "mlflow": {"experimnt": "a"}, "csv": {"folder": "/tmp/elsewhere"}}
    with pytest.raises(RequestWrong) as refused:
        digits.train({**REQUEST, "epochs": -1, "track": wrong})
    text = str(refused.value)
    assert "Did you mean tensorboard?" in text and "experimnt" in text and "epochs" in text
    assert "which no job may" in text and str(home / "settings.yaml") in text
    assert not (home / "jobs" / "followed").exists()
    with pytest.raises(RequestWrong, match="expected as names"):
        digits.train({**REQUEST, "track": 5})


def test_a_tracker_whose_package_is_missing_is_refused_with_what_to_install(digits, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RequestWrong, match=r"needs mlflow, which is not installed.*pip install 'digits\[track\]'"):
        digits.train({**REQUEST, "track": "mlflow", "backend": "numpy"})


def test_wrong_settings_of_the_home_name_the_file(digits, home):
    (home / "settings.yaml").write_text("trackers: {cvs: {}}\n")
    with pytest.raises(NameUnknown, match=r"settings\.yaml, trackers\.cvs.*Did you mean csv"):
        digits.train({**REQUEST, "epochs": 1})


def test_flags_name_trackers_and_a_renamed_job_shows_them_where_they_are(trained, home, capsys):
    words = ("train", "colours", "lenet", "--name", "followed", "--backend", "numpy", "--epochs", "1", "--batch", "9")
    assert run_command([*words, "--track", "csv", "--track", "mlflw", "--set", "track.mlflw.experiment=a"]) == 2
    assert "Did you mean mlflow" in capsys.readouterr().err
    assert run_command([*words, "--track", "csv"]) == 0
    assert f"tracker    csv: {home}/jobs/followed/csv" in capsys.readouterr().out
    (tracker,) = Digits(home).rename("followed", "other").trackers
    assert tracker.where == str(home / "jobs" / "other" / "csv") and Path(tracker.where).is_dir()
