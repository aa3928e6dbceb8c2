"""What pages say of jobs and devices, without a browser."""

import pytest

from digits_core.service.comparing import compare
from digits_core.service.views.history import SeriesView
from digits_core.service.views.jobs import JobView, SnapshotView
from digits_core.service.views.machine import DeviceView
from digits_core.service.views.plan import DifferenceView
from digits_web.pages.compare import asked_values, results_by_moment
from digits_web.pages.job.charts import score_curves
from digits_web.parts.comparison_table import Folded
from digits_web.parts.device_tiles import without_job
from digits_web.parts.job_cards import scores
from digits_web.parts.job_facts import accuracy, loss, speed


def job(name, accuracy, loss, best_loss):
    best = SnapshotView(name="e1", epoch=1, step=9, metrics={"val/accuracy": accuracy, "val/loss": best_loss})
    told = {"best": best, "metrics": {"val/accuracy": accuracy, "val/loss": loss}, "epoch": 2.0}
    return JobView.model_construct(job=name, dataset_version="v0001", backend="numpy", devices=(), **told)


def test_of_the_best_snapshot_only_what_it_was_chosen_by_has_a_winner_and_equals_share_it():
    jobs = [job("a", 0.5, 2.0, 0.1), job("b", 0.75, 1.0, 0.2), job("c", 0.75, 1.0, 0.3)]
    rows = {row.key: row.best for row in compare(jobs, [{}, {}, {}]).results}
    assert rows["best val/accuracy"] == (1, 2) and rows["best val/loss"] == () and rows["val/loss"] == (1, 2)


def test_results_stand_under_the_moment_that_they_are_of():
    found = results_by_moment(compare([job("a", 0.5, 2.0, 0.1)], [{}]).results)
    assert [(name.partition(",")[0], [row.title for row in rows]) for name, rows in found.items()] == [
        ("At the best snapshot", ["Accuracy (validation)", "Loss (validation)"]),
        ("Newest values", ["Accuracy (validation)", "Loss (validation)"]),
        ("The run", ["Epochs done"]),
    ]


def test_the_table_of_jobs_tells_accuracy_and_loss_of_one_moment_and_cards_the_newest():
    found = job("a", 0.5, 2.0, 0.1).model_copy(update={"metrics": {"val/accuracy": 0.25, "val/loss": 2.0}})
    assert (accuracy(found), loss(found)) == (0.5, 0.1)
    assert scores(found) == "loss 2 · accuracy 25.0 %"
    unvalidated = found.model_copy(update={"best": None, "metrics": {"train/accuracy": 0.125, "train/loss": 3.0}})
    assert (accuracy(unvalidated), loss(unvalidated)) == (0.125, 3.0)


def test_a_network_that_came_as_text_is_told_by_its_name_and_unfolds():
    row = DifferenceView(key="network", values=("lenet", "name: lenet\nlayers: []\n"))
    jobs = [job("a", 0.5, 2.0, 0.1), job("b", 0.5, 2.0, 0.1).model_copy(update={"network": "lenet (custom)"})]
    assert asked_values(row, jobs) == ["lenet", Folded("lenet (custom)", "name: lenet\nlayers: []\n")]


def test_among_the_first_five_is_told_only_where_there_are_more_classes():
    metrics = {"val/top5": 1.0, "val/accuracy": 0.5}
    few, more = (JobView.model_construct(classes=classes, metrics=metrics, snapshots=()) for classes in (5, 6))
    series = SeriesView.model_construct(train={}, val={name: [(1, 1.0, value)] for name, value in metrics.items()})
    assert [len(score_curves(series, view)) for view in (few, more)] == [1, 2]


@pytest.mark.parametrize(
    ("state", "told"),
    [("running", "120 images/s"), ("done", "120 images/s on average"), ("paused", ""), ("queued", ""), ("failed", "")],
)
def test_speed_is_told_while_a_job_runs_and_on_the_whole_once_it_is_done(state, told):
    assert speed(JobView.model_construct(state=state, images_per_second=120.0)) == told


@pytest.mark.parametrize(
    ("busy", "told"), [(None, "free"), (3.0, "free"), (100.0, "no job; 100 % used by others")], ids=str
)
def test_a_device_without_a_job_that_is_busy_is_not_called_free(busy, told):
    assert without_job(DeviceView.model_construct(lease=None, utilization_percent=busy)) == told
