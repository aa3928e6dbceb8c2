"""Early stopping: whether waiting still pays."""

from __future__ import annotations

from digits_core.spec.job import EarlyStopping
from digits_core.store.snapshots import Patience


def judge(patience: Patience, options: EarlyStopping, metrics: dict[str, float]) -> Patience:
    """Where early stopping stands after one more validation; only a strictly better value counts.

    >>> options = EarlyStopping(metric="val/loss", patience=2)
    >>> first = judge(Patience(), options, {"val/loss": 0.5})
    >>> judge(first, options, {"val/loss": 0.5})
    Patience(best=0.5, waited=1)
    """
    value = metrics[options.metric]
    sign = -1 if options.metric == "val/loss" else 1
    if patience.best is None or sign * value > sign * patience.best:
        return Patience(best=value, waited=0)
    return Patience(best=patience.best, waited=patience.waited + 1)


def is_exhausted(patience: Patience, options: EarlyStopping | None) -> bool:
    """Whether training should stop."""
    return options is not None and patience.waited >= options.patience
