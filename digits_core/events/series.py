"""Facts as values that are drawn over steps."""

from __future__ import annotations

import math

from digits_core.events.facts import Fact, TrainingLogged, Validated


def measured(fact: Fact) -> dict[str, float]:
    """Metrics that a fact tells, by the names that they have everywhere; none where it tells none.

    Left out is what is not finite: JSON has no word for it, and a job whose loss is not finite ends with an error.

    >>> measured(Validated(step=9, epoch=1.0, loss=0.5, accuracy=0.8, top5=1.0, heads={"aux": 0.7}))
    {'val/loss': 0.5, 'val/accuracy': 0.8, 'val/top5': 1.0, 'val/loss/aux': 0.7}
    """
    match fact:
        case TrainingLogged():
            found = {"train/loss": fact.loss, "train/accuracy": fact.accuracy, **_of_heads("train", fact.heads)}
        case Validated():
            found = {"val/loss": fact.loss, "val/accuracy": fact.accuracy, "val/top5": fact.top5}
            found |= _of_heads("val", fact.heads)
        case _:
            return {}
    return _finite(found)


def series(fact: Fact) -> dict[str, float]:
    """Everything in a fact that is drawn over steps: `measured`, the learning rate and the speed."""
    found = measured(fact)
    if isinstance(fact, TrainingLogged):
        found |= _finite({"learning_rate": fact.learning_rate, "images_per_second": fact.images_per_second})
    return found


def _of_heads(split: str, heads: dict[str, float]) -> dict[str, float]:
    return {f"{split}/loss/{head}": loss for head, loss in heads.items()}


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
