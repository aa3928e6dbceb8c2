"""The certificate: what agrees is said to agree, and a planted fault is named by its layer."""

import json
import os
import sys
from pathlib import Path

import pytest

from digits_core.cli.main import run
from digits_core.hooks.registry import discover
from digits_core.parity.checks import COMPARISONS
from digits_core.scheduling.rehearsal import Stage, rehearse_together
from digits_core.service.parity import certify, certify_each
from digits_core.store.home import Home

ROOT = Path(__file__).parents[2]
TINY = str(Path(__file__).parent / "tiny.yaml")
#: For every fault the check in which it shows first, the array, and the layer.
FIRST = {
    "WrongPadding": ("forward", "conv1", "conv1"),
    "ScaledGradient": ("gradients", "conv2/kernel", "conv2"),
    "ForgottenSlot": ("resume", "conv1/kernel", "conv1"),
    "RateInsideMomentum": ("losses", "step 3", None),
    "InvertedBatchNormMomentum": ("statistics", "norm1/mean", "norm1"),
    "NextStep": ("loss", "loss in training", None),
    "Rounded": ("initial-weights", "input/mean", "input"),
    "Infinite": ("forward", "pool2", "pool2"),
}


@pytest.fixture
def parity(capsys, tmp_path, monkeypatch):
    """Run ``digits parity``; gives the exit status, the document and what was said."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capsys.readouterr()
        status = run(["parity", *map(str, arguments), "--json"])
        printed = capsys.readouterr()
        return status, json.loads(printed.out), printed.err

    return call


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """A distribution that brings faulty backends, for this process and those that it starts."""
    place = tmp_path / "site"
    metadata = place / "faulty-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[digits.plugins]\nfaulty = tests.parity.faulty_backends\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(place), str(ROOT))))
    monkeypatch.syspath_prepend(str(place))
    discover.cache_clear()
    yield
    discover.cache_clear()


def test_every_planted_fault_is_named_by_its_check_and_layer(parity, faulty, tmp_path):
    status, document, _ = parity(TINY, "--backends", ",".join(["numpy", *FIRST]), "--steps", 4)
    assert status == 1 and not document["passed"]
    found = {item["backend"]: (item["check"], item["where"], item["layer"]) for item in document["divergences"]}
    assert found == FIRST
    assert json.loads((tmp_path / "parity-tiny.json").read_text()) == document
    failed = {check["backend"] for check in document["checks"] if not check["passed"]}
    assert failed == set(FIRST), "numpy agrees with itself"
    overflown = next(item for item in document["divergences"] if item["backend"] == "Infinite")
    assert overflown["error"] is None


def test_several_solvers_asked_at_once_find_what_each_finds_alone(home):
    requests = [
        {"network": str(TINY), "backends": ["numpy"], "steps": 2, "solver": {"name": solver}, "precision": precision}
        for solver, precision in (("sgd", "fp64"), ("adam", "fp64"), ("adam", "fp32"))
    ]
    told = []
    together = list(certify_each(requests, Home.default(), discover(), told.append))
    for request, certificate in zip(requests, together, strict=True):
        alone = certify(request, Home.default(), discover(), told.append)
        assert certificate.solver["name"] == request["solver"]["name"]
        assert certificate.checks == alone.checks and certificate.passed


def test_a_backend_whose_process_ends_is_said_and_nothing_is_certified(parity, faulty, tmp_path):
    status, document, _ = parity(TINY, "--backends", "Dying", "--steps", 2)
    assert status == 1 and "backend Dying ended with status 7" in document["error"]["message"]
    assert not list(tmp_path.glob("*.json"))


def test_when_one_of_several_processes_fails_the_others_are_ended(tmp_path):
    (tmp_path / "player.py").write_text(
        "import sys, time; word = sys.stdin.readline().strip(); print(word, flush=True)\n"
        "sys.exit(4) if word == 'fail' else time.sleep(600)"
    )
    stage = Stage(sys.executable, {"PYTHONPATH": str(tmp_path)}, ())
    failed, ended = rehearse_together([stage, stage], "player", ["fail", "wait"], 60)
    assert (failed.status, failed.out) == (4, "fail\n")
    assert ended.status is None


def test_everything_that_is_wrong_is_said_at_once_and_nothing_runs(parity, tmp_path):
    status, document, said = parity("alexnet", "--size", "20", "--backends", "torhc,numpy", "--devices", "cpu:9999")
    assert status == 2 and not said.startswith("numpy:")
    words = " ".join(problem["message"] for problem in document["error"]["problems"])
    assert "torhc" in words and "at least 55x55" in words and "9999" in words
    status, document, _ = parity("lenet", "--precision", "bf16", "--steps", "1")
    assert status == 2 and len(document["error"]["problems"]) == 2
    status, document, _ = parity("lenet", "--solver", "sdg", "--devices", "cpu:9999")
    words = " ".join(problem["message"] for problem in document["error"]["problems"])
    assert status == 2 and "sdg" in words and "9999" in words
    status, document, _ = parity(str(ROOT / "docs/snippets/mynet.py"))
    assert status == 2 and "native" in document["error"]["message"].lower()
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.slow
@pytest.mark.backend("torch")
@pytest.mark.backend("jax")
@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize("precision", ["fp64", "fp32"])
def test_all_backends_are_certified_on_one_and_on_two_devices(parity, monkeypatch, precision):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
    solver = {"fp64": "nesterov", "fp32": "adam"}[precision]
    status, document, _ = parity(TINY, "--precision", precision, "--steps", 6, "--solver", solver)
    assert status == 0 and document["passed"], document["divergences"]
    assert document["backends"] == ["torch", "jax", "tensorflow"] and not document["omitted"]
    checks = {(check["backend"], check["check"]): check for check in document["checks"]}
    assert len(checks) == 3 * len(COMPARISONS)
    assert {check["tolerance"] for check in checks.values()} >= {0, 1e-10 if precision == "fp64" else 1e-5}
    assert all(checks[backend, "batches"]["error"] == 0 for backend in document["backends"])
    assert document["versions"]["torch"].keys() == {"torch"}


def test_pictures_may_be_those_of_a_dataset(parity, trained):
    status, document, _ = parity("lenet", "--dataset", "colours", "--backends", "numpy", "--steps", 2)
    assert status == 0 and (document["input"], document["classes"]) == ([16, 16, 3], 3)
    status, document, _ = parity("lenet", "--dataset", "colours", "--size", "20")
    assert status == 2 and "colours says what its pictures are" in document["error"]["message"]
