"""Our trackers, read back by the systems that they write for."""

import csv
import importlib.machinery
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from digits_core.events.facts import RunAborted, RunFailed, RunFinished, RunPaused
from digits_core.hooks.registry import discover
from digits_core.testing.tracker_suite import START, TrackerSuite, run_of


def read_tables(where):
    curves = defaultdict(list)
    for split, file in (("train", "training.csv"), ("val", "validation.csv")):
        if (Path(where) / file).exists():
            with open(Path(where) / file, newline="") as stream:
                for row in csv.DictReader(stream):
                    for name in row.keys() - {"time", "run", "step", "epoch"}:
                        full = name if name in ("learning_rate", "images_per_second") else f"{split}/{name}"
                        curves[full].append((int(row["step"]), float(row[name])))
    return curves


class TestCsv(TrackerSuite):
    @pytest.fixture
    def tracker(self):
        return discover().trackers.get("csv")

    @pytest.fixture
    def read(self):
        return read_tables

    def test_rows_are_plain_and_say_when_and_in_which_run(self, follow):
        mark = follow(run_of(1, 0, 3))
        follow(run_of(2, 3, 4), mark)
        lines = (Path(follow.where) / "training.csv").read_text().splitlines()
        assert lines[0] == "time,run,step,epoch,loss,accuracy,loss/aux,learning_rate,images_per_second"
        assert lines[1] == f"{START + 61},1,1,{1 / 3},2.0625,0.5,1.03125,0.01,100.0" and lines[4].split(",")[1:3] == [
            "2",
            "4",
        ]

    def test_a_torn_tail_is_healed(self, follow, read):
        mark = follow(run_of(1, 0, 3))
        with open(Path(follow.where) / "training.csv", "ab") as stream:
            stream.write(b"1700000099.0,1,4,1.3")
        follow(run_of(1, 3, 9), mark)
        assert [step for step, _ in read(follow.where)["train/loss"]] == list(range(1, 10))

    def test_files_of_another_job_of_that_name_are_put_aside(self, follow, params, tmp_path):
        params["folder"] = tmp_path / "tables"
        follow(run_of(1, 0, 3))
        follow(run_of(1, 0, 4))
        assert len((tmp_path / "tables/followed/training.csv").read_text().splitlines()) == 5
        assert len((tmp_path / "tables/followed/training.1.csv").read_text().splitlines()) == 4


class TestTensorBoard(TrackerSuite):
    pytestmark = pytest.mark.skipif(
        "tensorboard" not in discover().trackers.available(), reason="tensorboard is not installed here"
    )

    @pytest.fixture
    def tracker(self):
        return discover().trackers.get("tensorboard")

    @pytest.fixture
    def accumulate(self, monkeypatch):
        # With this module TensorBoard reads files without TensorFlow.
        monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", type(sys)("notf"))
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        return lambda where: EventAccumulator(where, size_guidance={"scalars": 0, "tensors": 0}).Reload()

    @pytest.fixture
    def read(self, accumulate):
        def read(where):
            found = accumulate(where)
            return {tag: [(point.step, point.value) for point in found.Scalars(tag)] for tag in found.Tags()["scalars"]}

        return read

    def test_values_have_the_moment_at_which_they_were_found(self, follow, accumulate):
        follow(run_of(1, 0, 3))
        points = accumulate(follow.where).Scalars("train/loss")
        assert [point.wall_time for point in points] == [START + 61, START + 62, START + 63]
        steps = accumulate(follow.where).Scalars("train/step_loss")
        assert [point.step for point in steps] == [1, 2, 3]

    def test_of_a_run_that_does_steps_again_the_former_are_forgotten(self, follow, read):
        mark = follow(run_of(1, 0, 5))
        follow(run_of(2, 3, 6), mark)
        assert [step for step, _ in read(follow.where)["train/loss"]] == [1, 2, 3, 4, 5, 6]

    def test_the_request_is_there_as_hyperparameters_and_text_once(self, follow, accumulate):
        mark = follow(run_of(1, 0, 3))
        follow(run_of(2, 3, 6, RunFinished(6, "completed", 1.0, 1.0, 2)), mark)
        from tensorboard.plugins.hparams.metadata import (
            SESSION_END_INFO_TAG,
            SESSION_START_INFO_TAG,
            parse_session_start_info_plugin_data,
        )

        found = accumulate(follow.where)
        content = found.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
        given = parse_session_start_info_plugin_data(content).hparams
        assert given["solver.rate"].number_value == 0.01 and given["network"].string_value == "lenet"
        assert given["data.shuffle"].bool_value is True and SESSION_END_INFO_TAG in found.Tags()["tensors"]
        (text,) = found.Tensors("request")
        assert b"dataset: shapes" in text.tensor_proto.string_val[0]

    def test_the_network_is_there_as_a_graph(self, follow, accumulate, job):
        follow(run_of(1, 0, 1))
        nodes = {node.name: node for node in accumulate(follow.where).Graph().node}
        assert list(nodes) == [layer.name for layer in job.graph.layers]
        assert [list(nodes[layer.name].input) for layer in job.graph.layers] == [
            list(layer.inputs) for layer in job.graph.layers
        ]


class TestMlflow(TrackerSuite):
    pytestmark = pytest.mark.skipif(
        "mlflow" not in discover().trackers.available(), reason="mlflow is not installed here"
    )

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch):
        from digits_trackers.mlflow_runs import ENVIRONMENT

        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)

    @pytest.fixture
    def tracker(self):
        return discover().trackers.get("mlflow")

    @pytest.fixture
    def client(self, job):
        from mlflow.tracking import MlflowClient

        return MlflowClient(tracking_uri=job.shared.as_uri())

    @pytest.fixture
    def read(self, client):
        def read(where):
            run = Path(where).name
            names = client.get_run(run).data.metrics
            return {
                name.replace("loss.", "loss/"): [
                    (point.step, point.value) for point in client.get_metric_history(run, name)
                ]
                for name in names
            }

        return read

    def test_a_job_that_goes_on_is_the_same_run_even_where_the_mark_is_lost(self, follow, client):
        mark = follow(run_of(1, 0, 3, RunPaused(3, 1)))
        (experiment,) = [each for each in client.search_experiments() if each.name == "digits"]
        paused = client.search_runs([experiment.experiment_id])
        assert [run.info.status for run in paused] == ["SCHEDULED"] and paused[0].data.tags["digits.state"] == "paused"
        follow(run_of(2, 3, 6), mark)
        follow(run_of(1, 0, 3) + run_of(2, 3, 6, RunFinished(6, "completed", 1.0, 1.0, 2)))
        (run,) = client.search_runs([experiment.experiment_id])
        assert run.info.status == "FINISHED" and run.info.run_name == "followed" and run.data.tags["digits.run"] == "2"
        assert len(client.get_metric_history(run.info.run_id, "train/loss")) == 6

    @pytest.mark.parametrize(
        ("word", "status"),
        [(RunFailed(3, "No.", run=1), "FAILED"), (RunAborted(3, 1), "KILLED")],
        ids=["failed", "aborted"],
    )
    def test_the_run_ends_as_the_job_does(self, follow, client, word, status):
        told = run_of(1, 0, 3, word)
        follow(told)
        info = client.get_run(Path(follow.where).name).info
        assert info.status == status and info.end_time == round(told[-1].time * 1000)

    def test_it_has_parameters_and_files(self, follow, client):
        follow(run_of(1, 0, 6))
        run = client.get_run(Path(follow.where).name)
        assert run.data.params["solver.rate"] == "0.01" and run.data.params["backend"] == "numpy"
        files = sorted(file.path for file in client.list_artifacts(run.info.run_id))
        assert files == ["job.json", "network.svg", "snapshots.json"]
        saved = json.loads((Path(follow.where) / "artifacts/snapshots.json").read_text())
        assert [snapshot["name"] for snapshot in saved] == ["000003-epoch", "000006-epoch"]


def test_looking_at_their_settings_imports_nothing_heavy():
    code = """
import sys
from digits_core.hooks.registry import discover
known = discover().trackers
for name in known.available():
    known.get(name).Params()
heavy = {"tensorboard", "mlflow", "tensorflow", "torch", "jax", "google.protobuf"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tensorboard_files_are_written_without_tensorflow():
    if not importlib.machinery.PathFinder.find_spec("tensorboard"):
        pytest.skip("tensorboard is not installed here")
    code = "import sys, digits_trackers.tensorboard_records as r; assert 'tensorflow' not in sys.modules, r"
    subprocess.run([sys.executable, "-c", code], check=True)
