"""What of a request for augmentation cannot be done, found before a job is made."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from digits_core.contracts.augmentation import PictureAugmentation
from digits_core.dataset.augment.plugins import make_extra, streams
from digits_core.errors import DigitsError, PluginMissing, Problem
from digits_core.hooks.registry import Registry
from digits_core.spec.augment import NO_AUGMENTATION, Augmentation
from digits_core.spec.job import DataOptions


def picture_problems(data: DataOptions, size: tuple[int, int, int], dataset: str) -> Iterator[Problem]:
    """Everything that a job cannot do to the pictures of a dataset.

    Args:
        data: What is asked for.
        size: Height, width and channels of the pictures.
        dataset: The dataset's name.
    """
    least = min(size[:2])
    if data.crop is not None and data.crop > least:
        yield Problem(
            f"crop expects at most {least}, the shorter side of dataset {dataset}, found {data.crop}.",
            "data.crop",
            "Use a smaller crop or larger pictures.",
        )
    yield from _augment_problems(data, size)


def _augment_problems(data: DataOptions, size: tuple[int, int, int]) -> Iterator[Problem]:
    options = data.augment
    height, width = (data.crop or size[0], data.crop or size[1])
    if size[2] == 1:
        for name in options.needs_colour:
            yield Problem(f"{name} expects colour pictures, found grey ones.", f"data.augment.{name}", "Leave it out.")
    if options.turn in ("90", "all") and height != width:
        yield Problem(
            f"turn {options.turn} expects square pictures, found {width}x{height}.",
            "data.augment.turn",
            f"Use a crop of at most {min(height, width)}, or turn 180.",
        )
    if options.cutout > min(height, width):
        yield Problem(
            f"cutout expects at most {min(height, width)}, the shorter side of what training sees, "
            f"found {options.cutout}.",
            "data.augment.cutout",
            "Use a smaller square.",
        )


def augment_errors(
    options: Augmentation, known: Registry[PictureAugmentation], *, elsewhere: bool = False
) -> Iterator[DigitsError]:
    """What is not there that augmentation needs; does not import OpenCV.

    Args:
        options: What is asked for.
        known: What plugins bring.
        elsewhere: Training has a Python of its own, and this one need not have OpenCV.
    """
    for extra, stream in streams(options.extra):
        try:
            make_extra(extra, stream, known)
        except DigitsError as wrong:
            yield wrong
    if options != NO_AUGMENTATION and not elsewhere and importlib.util.find_spec("cv2") is None:
        yield PluginMissing(
            "Augmentation needs OpenCV, which is not installed.",
            where="data.augment",
            hint="Run: pip install 'digits[augment]'",
        )
