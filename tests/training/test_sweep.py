"""The sweep as it is used: a process of its own, JSON in and out."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from digits_core.graph.codec import encode
from digits_core.store.start import StartRecord, write_start
from digits_core.training.preparation import newest_start


@pytest.fixture
def sweep(make_job, store):
    def call(*, fields=None, **changes):
        job = make_job(**fields or {})
        request = {
            "job": job.request().model_dump(mode="json"),
            "graph": encode(job.graph()),
            "dataset": str(store.dataset_folder("stripes")),
            "kind": "cpu",
            "steps": 40,
            "least": 20,
        }
        done = subprocess.run(
            [sys.executable, "-P", "-m", "digits_core.training.sweep"],
            input=json.dumps({**request, **changes}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return call


def test_rates_rise_and_the_loss_falls_and_blows_up(sweep):
    report = sweep(lowest=1e-5, highest=1e5)
    rates, losses = report["rates"], report["losses"]
    assert not report["problem"] and len(rates) == len(losses) <= 40
    assert rates == sorted(rates) and rates[0] == 1e-5 < rates[-1] < 1e5  # it ended before
    assert min(losses) < 0.8 * losses[0]


def test_a_batch_in_parts_and_mixed_pictures_are_swept_too(sweep):
    plain = sweep(highest=1e-3)
    assert sweep(fields={"id": "again"}, highest=1e-3)["losses"] == plain["losses"]
    mixed = sweep(fields={"id": "mixed", "targets": {"mixup": 0.4}}, highest=1e-3, parts=2)
    assert len(mixed["losses"]) == 40 and mixed["losses"] != plain["losses"]


def test_a_sweep_begins_with_the_weights_that_the_job_starts_from(sweep, tmp_path, make_job):
    zeros = {name: np.zeros_like(array) for name, array in newest_start(make_job("model")).arrays.items()}
    write_start(tmp_path, StartRecord(model="zeros", loaded=tuple(zeros)), zeros)
    assert sweep(highest=1e-3, start=str(tmp_path))["losses"][0] == pytest.approx(math.log(3))


def test_few_pictures_and_little_time_leave_the_least_number_of_rates(sweep):
    assert len(sweep(highest=1e-3, epochs=0.5)["rates"]) == 20
    assert len(sweep(fields={"id": "slow"}, highest=1e-3, seconds=1e-6)["rates"]) == 20


def test_what_a_backend_refuses_is_told_with_its_reason(sweep):
    assert "bf16" in sweep(fields={"options": {"precision": "bf16"}})["problem"]
    assert "cannot compute on a gpu" in sweep(fields={"id": "gpu"}, kind="gpu")["problem"]
