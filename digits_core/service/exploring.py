"""What training will see of a dataset, before it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from digits_core.dataset.augment.plugins import make_extras
from digits_core.dataset.augment.recipe import Recipe
from digits_core.dataset.augment.request import augment_errors, picture_problems
from digits_core.dataset.explore import augmented_sheet
from digits_core.dataset.opened import Dataset
from digits_core.dataset.sampler import Sampler
from digits_core.errors import SpecInvalid
from digits_core.hooks.registry import Plugins
from digits_core.service.complaints import Complaints
from digits_core.spec.dataset import Split
from digits_core.spec.job import DataOptions
from digits_core.spec.model import parse


@dataclass(frozen=True, slots=True)
class Shown:
    """Which pictures are shown.

    Attributes:
        split: Whose; training changes those of its own split only.
        label: Of this class only; empty: of all.
        count: Pictures on a page.
        page: Which page, from 0.
        epochs: How many epochs to show of each.
    """

    split: Split = "train"
    label: str | None = None
    count: int = 6
    page: int = 0
    epochs: int = 5


def explore_augmented(
    opened: Dataset, data: DataOptions | Mapping[str, Any], seed: int, plugins: Plugins, shown: Shown
) -> Image:
    """Pictures, each beside what its first epochs make of it; see `dataset.explore.augmented_sheet`.

    Args:
        opened: The dataset.
        data: What a job does to pictures.
        seed: Its seed.
        plugins: What can be named.
        shown: Which pictures.

    Raises:
        RequestWrong: With everything that is wrong.
    """
    wanted = parse(DataOptions, data) if isinstance(data, Mapping) else data
    recipe = _recipe(wanted, opened, seed, plugins)
    reader, labels = opened.split(shown.split), opened.manifest.labels
    sampler = Sampler(len(reader), 1, seed, wanted.shuffle)
    return augmented_sheet(
        reader,
        labels,
        recipe,
        sampler,
        count=shown.count,
        page=shown.page,
        label=shown.label,
        epochs=shown.epochs,
    )


def _recipe(data: DataOptions, opened: Dataset, seed: int, plugins: Plugins) -> Recipe:
    complaints, size = Complaints(), opened.manifest.size
    for problem in picture_problems(data, size, opened.manifest.name):
        complaints.add(SpecInvalid(problem))
    for wrong in augment_errors(data.augment, plugins.augmentations):
        complaints.add(wrong)
    complaints.settle()
    return Recipe(data.augment, data.crop, size, seed, make_extras(data.augment.extra, plugins.augmentations))
