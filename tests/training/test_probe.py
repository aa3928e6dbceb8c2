"""The probe as it is used: a process of its own, JSON in and out."""

import json
import subprocess
import sys

import numpy as np
import pytest

from digits_core.graph.codec import decode, encode
from digits_core.graph.graph import NetworkInput

LAYERS = [
    {"name": "conv", "op": "conv", "filters": 8, "kernel": 3},
    {"name": "norm", "op": "batch_norm"},
    {"name": "logits", "op": "dense", "units": "$classes"},
]


#: The probe, in as much address space as its argument allows.
LIMITED = """
import os, resource, sys
if limit := int(sys.argv.pop()):
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
os.execv(sys.executable, [sys.executable, "-P", "-m", "digits_core.training.probe"])
"""


@pytest.fixture
def probe():
    graph = decode({"name": "tiny", "layers": LAYERS}, input=NetworkInput(1, 16, 16, 3, "image"))

    def call(batch, *, address_space=None, **changes):
        request = {"backend": "numpy", "graph": encode(graph), "solver": {"name": "adam"}, "options": {}, "kind": "cpu"}
        done = subprocess.run(
            [sys.executable, "-P", "-c", LIMITED, str(address_space or 0)],
            input=json.dumps({**request, "batch": batch, **changes}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return call


def test_steps_that_fit_are_measured(probe):
    report = probe(8)
    assert report["fits"] and not report["problem"]
    assert 0 < report["seconds_per_step"] < 10
    assert 2**24 < report["memory_bytes"] < 2**30


def test_a_larger_batch_has_a_higher_peak(probe):
    assert probe(2048)["memory_bytes"] > probe(8)["memory_bytes"] + 2048 * 2 * 8 * 14 * 14 * 4


def test_the_peak_is_the_probes_own_whatever_started_it(probe):
    ballast = np.ones(2**27)  # one GiB that this process has and the probe has not
    assert probe(8)["memory_bytes"] < ballast.nbytes


def test_memory_that_runs_out_is_an_answer(probe):
    assert not probe(2**20, address_space=3 * 2**30)["fits"]


def test_what_a_backend_refuses_is_told_with_its_reason(probe):
    report = probe(8, options={"precision": "bf16"})
    assert "bf16" in report["problem"]


def test_a_kind_of_device_that_the_backend_does_not_drive(probe):
    assert "cannot compute on a gpu" in probe(8, kind="gpu")["problem"]
