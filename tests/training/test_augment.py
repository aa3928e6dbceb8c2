"""Training on augmented pictures: the same after a resume, whoever computes, and never while validating."""

import numpy as np
import pytest

from digits_core.events.facts import RunFailed, TrainingLogged, Validated
from digits_core.events.journal import read_facts
from digits_core.store.snapshots import latest_usable
from digits_core.training import preparation

AUGMENT = {"flip": "lr", "rotate": 10, "scale": 0.07, "area": [0.5, 1], "noise": 0.03, "cutout": 2, "randaugment": 1}


def facts(job, kind):
    return [recorded.fact for recorded in read_facts(job.journal.path) if isinstance(recorded.fact, kind)]


def losses(job):
    return [loss for fact in facts(job, TrainingLogged) for loss in fact.losses]


def test_an_augmented_run_paused_and_resumed_ends_as_an_unbroken_one(make_job, carry):
    whole, broken, plain = (
        make_job(id, data={"augment": options})
        for id, options in (("whole", AUGMENT), ("broken", AUGMENT), ("plain", {}))
    )
    assert [carry(whole), carry(plain), carry(broken, {5: "pause"}), carry(broken, number=2)] == [0] * 4
    assert losses(broken) == losses(whole) != losses(plain)
    assert latest_usable(broken.snapshots_folder).state.digests == latest_usable(whole.snapshots_folder).state.digests


@pytest.mark.parametrize("backend", [pytest.param("torch", marks=pytest.mark.backend("torch"))])
def test_another_backend_sees_the_same_pictures(make_job, carry, backend):
    jobs = [make_job(name, backend=name, data={"augment": AUGMENT}, epochs=0.5) for name in ("numpy", backend)]
    assert [carry(job) for job in jobs] == [0, 0]
    assert losses(jobs[0]) == pytest.approx(losses(jobs[1]), rel=1e-4)


def test_validation_sees_pictures_as_they_are(make_job, carry):
    jobs = [
        make_job(id, data={"augment": options}, solver={"name": "sgd", "rate": 1e-30}, network="tiny")
        for id, options in (("augmented", {"noise": 0.5, "area": [0.1, 0.2]}), ("plain", {}))
    ]
    for job in jobs:
        carry(job)
    weights = [latest_usable(job.snapshots_folder).arrays["logits/kernel"] for job in jobs]
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-6)
    training, validation = preparation._loaders(jobs[0].request(), _opened(jobs[0]), range(5))
    _, expected = preparation._loaders(jobs[1].request(), _opened(jobs[1]), range(5))
    assert np.array_equal(validation.batch(0).images, expected.batch(0).images)
    assert not np.array_equal(training.batch(0).images, expected.batch(0).images)


def _opened(job):
    return preparation._open(job, job.request())


def test_a_plugin_augments_in_the_worker(make_job, carry, augmenting, monkeypatch):
    monkeypatch.setattr(preparation, "discover", lambda: augmenting)
    rain, plain, shrink = (
        make_job(id, data={"augment": {"extra": extra}})
        for id, extra in (("rain", [{"name": "rain"}]), ("plain", []), ("shrink", [{"name": "shrink"}]))
    )
    assert [carry(rain), carry(plain), carry(shrink)] == [0, 0, 1]
    assert losses(rain) != losses(plain)
    assert "'shrink' is expected to give" in facts(shrink, RunFailed)[0].message
    assert len(facts(rain, Validated)) == len(facts(plain, Validated))
