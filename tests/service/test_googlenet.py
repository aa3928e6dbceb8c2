"""GoogLeNet from a folder of pictures to a label: a backend after the other trains it, and two runtimes classify."""

import math

import pytest

from digits_core.events.facts import RunPaused, RunStarted, TrainingLogged
from digits_core.service.digits import Digits

HEADS = {"loss1.classifier", "loss2.classifier", "loss3.classifier"}
REQUEST = {
    "dataset": "colours",
    "network": "googlenet:width=0.1",
    "name": "googlenet",
    "backend": "torch",
    "devices": "cpu:1",
    "epochs": 1000,
    "batch": 9,
    "validate_every": 0,
    "solver": {"name": "sgd", "rate": 0.001},
}


class Pauses:
    """Asks the job to pause once training was logged, and keeps what it was told."""

    def __init__(self, digits):
        self.digits, self.facts = digits, []

    def started(self, job):
        """Nothing needs it."""

    def noted(self, message):
        """Nothing needs it."""

    def recorded(self, item):
        self.facts.append(item.fact)
        if isinstance(item.fact, TrainingLogged):
            self.digits.interrupt("googlenet")

    def of(self, kind):
        return [fact for fact in self.facts if isinstance(fact, kind)]


@pytest.mark.slow
@pytest.mark.backend("torch")
@pytest.mark.backend("jax")
@pytest.mark.backend("tensorflow")
def test_googlenet_on_a_folder_goes_from_backend_to_backend_and_classifies(pictures, home):
    digits, step = Digits(), 0
    digits.create_dataset({"name": "colours", "paths": (pictures,), "width": 47, "height": 47})
    for backend in ("torch", "jax", "tensorflow"):
        watcher = Pauses(digits)
        if step:
            view = digits.resume("googlenet", backend=backend, watcher=watcher)
        else:
            view = digits.train(REQUEST, watcher=watcher)
        assert view.state == "paused", view
        (began,), (ended,) = watcher.of(RunStarted), watcher.of(RunPaused)
        assert (began.backend, began.step) == (backend, step) and ended.step > step
        step = ended.step
        for fact in watcher.of(TrainingLogged):
            assert fact.heads.keys() == HEADS and all(map(math.isfinite, fact.heads.values()))
            own = fact.heads["loss3.classifier"] + 0.3 * (
                fact.heads["loss1.classifier"] + fact.heads["loss2.classifier"]
            )
            assert fact.loss == pytest.approx(own, rel=1e-4)
    assert {f"loss/{head}" for head in HEADS} <= digits.series("googlenet").train.keys()
    picture, told = pictures / "red" / "00.png", []
    for runtime, backend in (("native", "torch"), ("onnx", None)):
        (prediction,) = digits.classify("googlenet@last", [picture], runtime=runtime, backend=backend).predictions
        told.append({top.label: top.probability for top in prediction.top})
    assert told[0].keys() == {"blue", "green", "red"} and told[0] == pytest.approx(told[1], abs=1e-5)
