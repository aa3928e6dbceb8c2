"""Augmentations that plugins bring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from digits_core.contracts.augmentation import PictureAugmentation
from digits_core.dataset.pictures import Pixels
from digits_core.errors import JobFailed
from digits_core.hooks.registry import Registry
from digits_core.spec.augment import ExtraAugmentation
from digits_core.spec.model import parse


@dataclass(frozen=True, slots=True)
class Extra:
    """One augmentation of a plugin, with its parameters.

    Attributes:
        name: What the job calls it.
        stream: What its draws are called: those of the first of a name are the same whatever else is asked for.
        augmentation: What the plugin brought.
    """

    name: str
    stream: str
    augmentation: PictureAugmentation

    @property
    def draws(self) -> int:
        """How many it takes per picture."""
        return self.augmentation.draws

    def apply(self, picture: Pixels, draws: Sequence[float]) -> Pixels:
        """What it makes of ``picture``.

        Raises:
            JobFailed: If that is no picture of the same shape.
        """
        made = self.augmentation.apply(picture, draws)
        if not isinstance(made, np.ndarray) or made.dtype != np.uint8 or made.shape != picture.shape:
            found = f"{made.dtype} {made.shape}" if isinstance(made, np.ndarray) else type(made).__name__
            raise JobFailed(
                f"The augmentation {self.name!r} is expected to give uint8 {picture.shape}, found {found}.",
                where="data.augment.extra",
                hint="Report this to the authors of its plugin, or leave it out.",
            )
        return made


def make_extras(wanted: Sequence[ExtraAugmentation], known: Registry[PictureAugmentation]) -> tuple[Extra, ...]:
    """The augmentations that a job names.

    Raises:
        NameUnknown: If nobody brings one of that name; with close matches.
        PluginMissing: If it needs what is not installed.
        SpecInvalid: If a parameter is wrong.
    """
    return tuple(make_extra(extra, stream, known) for extra, stream in streams(wanted))


def streams(wanted: Sequence[ExtraAugmentation]) -> Iterator[tuple[ExtraAugmentation, str]]:
    """Each with the name of its draws, which counts those of one name."""
    seen: Counter[str] = Counter()
    for extra in wanted:
        seen[extra.name] += 1
        yield extra, f"extra {extra.name} {seen[extra.name]}"


def make_extra(extra: ExtraAugmentation, stream: str, known: Registry[PictureAugmentation]) -> Extra:
    """One of them; see `make_extras`."""
    kind = known.get(extra.name)
    params = parse(kind.Params, extra.params, where=f"data.augment.extra, {extra.name}")
    return Extra(extra.name, stream, kind(params))
