"""The short form of augmentation: ``flip=lr,rotate=10,hsv=0.02:0.04:0.06``."""

from __future__ import annotations

from typing import Any

from digits_core.errors import Problem, SpecInvalid, require, suggest
from digits_core.spec.augment import Augmentation
from digits_core.spec.job import DataOptions

#: `extra` has parameters of its own, which a list in a job file or `--set` can say.
_KEYS = tuple(name for name in Augmentation.model_fields if name != "extra")


def augment_flags(text: str | None) -> dict[str, Any]:
    """The short form by dotted key of a job; ``none`` takes away what a job file asks for.

    Raises:
        SpecInvalid: If a part has another form or an unknown key; with all of them.
    """
    if text == "none":
        return {"data.augment": {}}
    return {f"data.augment.{key}": value for key, value in _options(text or "none").items()}


def shown(
    split: str, augment: str | None, crop: int | None, seed: int | None, job: tuple[DataOptions, int] | None
) -> tuple[DataOptions | dict[str, Any], int]:
    """What `dataset explore --augmented` is to show: the `data` of a job, and its seed.

    Raises:
        SpecInvalid: If the words contradict each other; with every contradiction.
    """
    problems = []
    if split != "train":
        problems.append(Problem(f"--augmented expects the split train, found {split}.", hint="Leave --split out."))
    if job is None and augment is None:
        hint = "Add --augment flip=lr,rotate=10 or --job JOB."
        problems.append(Problem("--augmented expects what training does to pictures, found nothing.", hint=hint))
    if job is not None and (augment, crop, seed) != (None, None, None):
        hint = "Leave the others out: the job says them."
        problems.append(Problem("--job expects no --augment, --crop and --seed beside it.", hint=hint))
    require(problems, SpecInvalid)
    if job is not None:
        return job
    return {"crop": crop, "augment": _options(augment or "none")}, seed or 0


def _options(text: str) -> dict[str, str]:
    """Words by key; numbers are told from words where the options are checked."""
    if text == "none":
        return {}
    parts = [(key.strip(), value.strip()) for key, _, value in (part.partition("=") for part in text.split(","))]
    require((_problem(key, value) for key, value in parts if not value or key not in _KEYS), SpecInvalid)
    return dict(parts)


def _problem(key: str, value: str) -> Problem:
    if key in _KEYS:
        return Problem(f"{key} expects a value, found none.", "--augment", f"Write {key}=VALUE.")
    return Problem(f"Unknown augmentation {key!r}.", "--augment", suggest(key, _KEYS))
