"""The benchmarks can be run, and whoever fails among them takes nothing from the others."""

import importlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as bench
from benchmarks import agreement
from benchmarks.contestants import OURS, enter
from benchmarks.workloads import WORKLOADS, Workload, prepare_pictures
from digits_core.spec.solver import SOLVERS, Sgd
from digits_core.training.meter import Meter

SUBJECTS = {path.stem for path in Path(bench.__file__).parent.glob("*.py")}


@pytest.mark.parametrize("name", sorted(SUBJECTS - {"__init__", "__main__"}))
def test_every_module_imports_without_a_framework(name):
    importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize(
    "framework", [pytest.param(name, marks=pytest.mark.backend(name)) for name in bench.FRAMEWORKS]
)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_loop_by_hand_trains_in_either_precision(framework, precision):
    loop = importlib.import_module(f"benchmarks.handwritten.{framework}_loop")
    random, sgd = np.random.default_rng(0), Sgd(rate=0.001, momentum=0.9, decay=0.0)
    images, labels = random.integers(0, 256, (8, 28, 28, 1), np.uint8), random.integers(0, 10, 8, np.int32)
    assert math.isfinite(loop.make_runner("lenet", images, labels, 10, 4, sgd, precision).steps(2))


@pytest.mark.backend("torch")
def test_ours_trains_in_the_precision_that_is_asked_for(tmp_path, monkeypatch):
    tiny = Workload("lenet", 8, 64, 1, 4, Sgd(rate=0.001, momentum=0.9, decay=0.0))
    monkeypatch.setitem(WORKLOADS, "lenet", tiny)
    prepare_pictures(tiny, tmp_path)
    losses = []
    for precision in ("fp32", "bf16"):
        ours = enter(OURS, "lenet", "torch", tmp_path, precision)
        losses.append([fact.losses for fact in ours.train(2, Meter(0.0), lambda: None)])
    assert losses[0] != losses[1]


def test_agreement_covers_every_solver():
    losses = agreement.measure("numpy", steps=2, seeds=(0,))
    assert losses.keys() == SOLVERS.keys()
    assert all(math.isfinite(loss) for ((*run,),) in losses.values() for loss in run)
    assert all(agreement.difference(runs, runs) == 0 for runs in losses.values())


def row_of_a_table(subject):
    """What a subject that works prints."""
    if subject == "dataset":
        return {"name": "creation", "ours": 3, "bare": 2, "ratio": 1.5}
    if subject == "agreement":
        return {name: [[2.0, 1.0]] for name in SOLVERS}
    return None


def test_the_page_tells_what_failed_and_keeps_what_others_measured(tmp_path):
    page, asked = tmp_path / "page.md", []

    def run(subject, *words):
        assert not asked or page.exists(), "what was measured is on the page before the next subject begins"
        asked.append(subject)
        found = row_of_a_table(subject)
        return (0, json.dumps(found) + "\n") if found else (1, "")

    assert bench.main(page, run) == 1
    assert set(asked) <= SUBJECTS
    text = page.read_text()
    assert "| creation | 3 | 2 | **1.50** |" in text
    assert all(f"| {name} |" in text for name in SOLVERS)
    assert "- `python -m benchmarks.startup`" in text.partition("## Not measured")[2]
    assert "benchmarks.dataset" not in text
