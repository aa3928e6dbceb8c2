import json
import time

import pytest

from digits_core.dataset.progress import Silence
from digits_core.errors import CapabilityMissing, JobFailed, RequestWrong, SpecInvalid, WorkerDied
from digits_core.scheduling.rehearsal import Rehearsal
from digits_core.scheduling.states import CLOSED
from digits_core.service import rate_search
from digits_core.service.digits import Digits
from digits_core.service.rate import RateWish, Usual, offer, scale, scaled_rate
from digits_core.service.rate_curve import draw, table
from digits_core.service.resolve import resolve_job
from digits_core.service.views.jobs import RateView
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.store.job import JobFolder
from digits_core.training.curve import rates_between

REQUEST = {"dataset": "colours", "network": "lenet", "backend": "numpy", "epochs": 1, "batch": 9}
FOUND, SCALED = RateWish("found"), RateWish("scaled")


class Listener:
    def __init__(self):
        self.told = []

    def started(self, job):
        pass

    def recorded(self, item):
        pass

    def noted(self, message):
        self.told.append(message)


def spec(**fields):
    return parse(JobSpec, {**REQUEST, **fields})


def until_closed(digits, job):
    end = time.monotonic() + 300
    while (view := digits.job(job)).state not in CLOSED and time.monotonic() < end:
        digits._runs.look(wait=True)
        time.sleep(0.1)
    return view


@pytest.fixture
def resolved(trained):
    digits = Digits()

    def resolve(**fields):
        return resolve_job({**REQUEST, **fields}, digits.home, digits.plugins, "", lambda name: None)

    return resolve


# Scaled


def test_rates_grow_as_the_batch_or_as_its_root():
    assert scaled_rate(spec(batch=256), Usual()) == pytest.approx(0.04)
    assert scaled_rate(spec(batch=16, solver={"name": "nesterov", "rate": 0.2}), Usual()) == pytest.approx(0.05)
    assert scaled_rate(spec(batch=256, solver={"name": "adam"}), Usual()) == pytest.approx(0.02)
    assert scaled_rate(spec(batch=48), Usual(8, 0.1)) == pytest.approx(0.06)


def test_a_scaled_rate_leaves_the_decay_as_it_was(resolved):
    changed, curve, told = scale(resolved(batch=27), Usual(9))
    solver = changed.request.spec.solver
    assert (solver.rate, solver.weight_decay, curve) == (pytest.approx(0.03), pytest.approx(1e-4), None)
    assert told == "--scale-rate: 0.03 at batch 27, for 0.01 at 9 (linear scaling rule). Weight decay stays 0.0001."


def test_a_larger_batch_is_offered_its_rate_and_nothing_else_is(resolved):
    assert offer(resolved(batch=27), Usual(9, 0.01)).startswith(
        "The learning rate belongs to the batch size: 0.01 is for 9, and stays as it is at 27. "
        "--scale-rate trains with 0.03 (linear scaling rule), best with a warm-up"
    )
    assert "warm-up" not in offer(resolved(batch=27, schedule={"policy": "fixed", "warmup": 3}), Usual(9))
    assert offer(resolved(batch=9), Usual(9, 0.01)) == offer(resolved(batch=4), Usual(9, 0.01)) == ""
    assert offer(resolved(batch=27, solver={"name": "sgd", "rate": 0.02}), Usual(9, 0.01)) == ""


def test_a_clone_with_a_larger_batch_is_offered_its_rate_and_takes_it_when_told(trained, home):
    digits, listener = Digits(), Listener()
    request, usual = digits.clone("finished", {"name": "larger", "batch": 18}), digits.usual("finished")
    digits.submit(request, watcher=listener, rate=RateWish("given", usual))
    assert any("0.002 is for 9" in told and "--scale-rate trains with 0.004" in told for told in listener.told)
    view = digits.submit({**request, "name": "scaled"}, rate=RateWish("scaled", usual))
    assert JobFolder(home / "jobs" / "scaled").request().spec.solver.rate == 0.004
    assert view.notes[0].startswith("--scale-rate: 0.004 at batch 18")


# Found


def test_a_job_trains_with_the_rate_that_was_found_and_keeps_the_curve(trained, home):
    listener = Listener()
    view = Digits().train({**REQUEST, "name": "found"}, watcher=listener, rate=FOUND)
    folder = JobFolder(home / "jobs" / "found")
    solver, curve = folder.request().spec.solver, view.rate_curve
    assert view.state == "done" and view.learning_rate is not None
    assert solver.rate == curve.rate == pytest.approx(curve.lowest / 10, rel=0.06)
    assert solver.weight_decay == pytest.approx(1e-4)
    assert 60 >= len(curve.rates) == len(curve.losses) == len(curve.smoothed) and curve.batch == 9
    assert f"--find-rate: {curve.rate:g}, a tenth of" in view.notes[0]
    assert listener.told[1].startswith("Looking for a learning rate") and "← taken" in listener.told[2]
    assert json.loads((folder.path / "rate.json").read_text()) == curve.to_dict()
    assert (folder.path / "rate.svg").read_text().startswith("<svg")
    assert Digits().job("found").rate_curve == curve


def test_a_rate_is_found_by_a_job_which_comes_to_the_curve_and_makes_no_other(trained, home):
    digits = Digits()
    with pytest.raises(RequestWrong) as refused:
        digits.submit_rate_search({**REQUEST, "network": "lenett", "batch": 900})
    assert "lenett" in str(refused.value) and "batch expects" in str(refused.value)
    job = digits.submit_rate_search({**REQUEST, "name": "mine", "devices": "cpu:1"}).job
    view = until_closed(digits, job)
    assert (view.state, view.kind, view.dataset, view.asked) == ("done", "rate", "colours", "sgd, batch 9"), view.error
    assert len(view.devices) == 1
    found = digits.result(job)
    assert found.rate == pytest.approx(found.lowest / 10, rel=0.06) and len(found.rates) == len(found.smoothed) > 9
    assert sorted(path.name for path in (home / "jobs").iterdir()) == ["finished", job]


def test_a_search_for_a_rate_ends_soon_when_it_is_aborted(trained):
    class Ended(Exception):
        pass

    class Asked(Silence):
        def advance(self, count):
            raise Ended

    began = time.monotonic()
    with pytest.raises(Ended):
        Digits().find_rate(REQUEST, progress=Asked())
    assert time.monotonic() - began < 60


def test_where_the_loss_falls_nowhere_no_job_is_made(trained, home, monkeypatch):
    flat = Rehearsal(0, json.dumps({"rates": [0.001, 0.01, 0.1], "losses": [1.1, 1.09, 1.12]}))
    monkeypatch.setattr(rate_search, "rehearse", lambda *asked: flat)
    with pytest.raises(JobFailed, match="the loss fell at no rate") as failed:
        Digits().submit(REQUEST, rate=FOUND)
    assert "--lr 0.01" in failed.value.hint
    assert [path.name for path in (home / "jobs").iterdir()] == ["finished"]


def test_a_sweep_that_breaks_or_takes_too_long_is_told_with_what_to_do(trained, monkeypatch):
    for ended, said in ((Rehearsal(None), "took too long"), (Rehearsal(-9), "status -9"), (Rehearsal(0), "status 0")):
        monkeypatch.setattr(rate_search, "rehearse", lambda *asked, ended=ended: ended)
        with pytest.raises(WorkerDied, match=f"The sweep .*{said}"):
            Digits().submit(REQUEST, rate=FOUND)


def test_what_the_backend_refuses_is_refused_before_a_job_is_made(trained, home):
    with pytest.raises(CapabilityMissing, match="bf16"):
        Digits().submit({**REQUEST, "options": {"precision": "bf16"}}, rate=FOUND)
    assert [path.name for path in (home / "jobs").iterdir()] == ["finished"]


def test_a_curve_is_drawn_from_corner_to_corner():
    rates = tuple(rates_between(1e-7, 10, 30))
    losses = (*[2.0] * 20, *[1.0] * 5, *[50.0] * 5)
    view = RateView(rate=0.1, lowest=1.0, steepest=0.3, batch=8, seconds=1, rates=rates, losses=losses, smoothed=losses)
    svg, lines = draw(view), table(view).splitlines()
    assert svg.count("<circle") == 30 and "taken 0.1" in svg and "lowest 1" in svg and "nan" not in svg
    assert 17 < len(lines) <= 20 and lines[-1].endswith("…") and max(map(len, lines)) < 80


# What is taught


def test_label_smoothing_replaces_that_of_every_loss_once_when_the_job_is_made(resolved):
    assert {loss.label_smoothing for loss in resolved().graph.losses} == {0.0}
    assert {loss.label_smoothing for loss in resolved(targets={"label_smoothing": 0.1}).graph.losses} == {0.1}


def test_a_class_without_training_pictures_is_told_where_classes_are_balanced(resolved, trained, home):
    path = home / "datasets" / "colours" / "dataset.json"
    data = json.loads(path.read_text())
    data["classes"][1]["train"] = 0
    path.write_text(json.dumps(data))
    assert resolved().notes == ()
    for part in ("class_weights", "sampling"):
        assert resolved(targets={part: "balanced"}).notes == (
            "No training pictures of green: the other classes are balanced among themselves.",
        )


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({"class_weights": "balanced", "sampling": "balanced"}, "one balanced at most"),
        ({"mixup": 0}, "greater than 0"),
        ({"cutmix": -1}, "greater than 0"),
        ({"label_smoothing": 1}, "less than 1"),
        ({"sampling": "even"}, "balanced"),
    ],
)
def test_options_that_make_no_sense_are_refused(targets, expected):
    with pytest.raises(SpecInvalid, match=expected):
        spec(targets=targets)
