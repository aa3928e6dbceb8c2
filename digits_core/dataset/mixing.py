"""Two pictures in one: mixup and CutMix.

The other picture of stream position p is that of another position of p's epoch, drawn by (seed, p): whoever makes row p
finds it alone, however a batch is divided. Shares are counted in 256ths, as finely as pixels are, so that pixels are
whole-number arithmetic, equal on every machine::

    mixup    λ = round(256·Beta(α, α)) / 256 ;  pixel = (256·λ·own + 256·(1 − λ)·other + 128) // 256 ;  share = λ
    cutmix   λ of Beta(α, α) ;  a box of ⌊W·√(1 − λ)⌋ × ⌊H·√(1 − λ)⌋ pixels of the other around a uniform centre,
             cut off at the edges ;  share = 1 − area of the box / area of the picture
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.dataset.beta import Reals, beta
from digits_core.dataset.draws import Positions, uniforms
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.sampler import Indices
from digits_core.spec.targets import TargetOptions

#: Share of the first target: float32 ``[B]``.
Shares: TypeAlias = npt.NDArray[np.float32]
#: Pixels that are blended together: what stays in a processor's cache.
_TOGETHER = 2**16


def partners(seed: int, positions: Positions, count: int) -> Positions:
    """The position that each position is mixed with: another one of its epoch, if that has several.

    Args:
        seed: Seed of the job.
        positions: Where in the stream.
        count: Samples of an epoch.
    """
    places = positions % np.uint64(count)
    away = 1 + _whole(uniforms(seed, positions, "mix/partner", 1)[:, 0], max(count - 1, 1)).astype(np.uint64)
    found: Positions = positions - places + (places + away) % np.uint64(count)
    return found


def mix(options: TargetOptions, seed: int, positions: Positions, own: Pixels, others: Pixels) -> tuple[Pixels, Shares]:
    """Pictures made of two, and the share of the first in the target.

    Args:
        options: At least one of mixup and cutmix.
        seed: Seed of the job.
        positions: Where in the stream the pictures are.
        own: uint8 ``[B, H, W, C]``; overwritten.
        others: The pictures of their partners.
    """
    blends = np.flatnonzero(_blends(options, seed, positions))
    cuts = np.setdiff1d(np.arange(len(positions)), blends)
    shares = np.ones(len(positions), np.float32)
    if len(blends):
        assert options.mixup is not None
        parts = np.floor(256 * beta(seed, positions[blends], "mixup", options.mixup) + 0.5).astype(np.uint16)
        _blend(own, others, blends, parts)
        shares[blends] = parts / 256
    if len(cuts):
        assert options.cutmix is not None
        for row, box in zip(cuts, _boxes(seed, positions[cuts], options.cutmix, own.shape), strict=True):
            own[row, box.rows, box.columns] = others[row, box.rows, box.columns]
            shares[row] = box.left_over
    return own, shares


def _blends(options: TargetOptions, seed: int, positions: Positions) -> npt.NDArray[np.bool_]:
    """Which are blended; the rest is cut."""
    if options.mixup is None or options.cutmix is None:
        return np.full(len(positions), options.mixup is not None)
    chosen: npt.NDArray[np.bool_] = uniforms(seed, positions, "mix/kind", 1)[:, 0] < 0.5
    return chosen


def _blend(own: Pixels, others: Pixels, rows: npt.NDArray[np.intp], parts: npt.NDArray[np.uint16]) -> None:
    together = max(1, _TOGETHER // own[0].size)
    for start in range(0, len(rows), together):
        here = rows[start : start + together]
        first = parts[start : start + together, None, None, None]
        own[here] = (own[here] * first + others[here] * (256 - first) + 128) >> 8


class _Box(NamedTuple):
    """A part of a picture; ``left_over``: the share of its area that is outside."""

    rows: slice
    columns: slice
    left_over: float


def _boxes(seed: int, positions: Positions, alpha: float, shape: tuple[int, ...]) -> Iterator[_Box]:
    height, width = shape[1:3]
    side = np.sqrt(1 - beta(seed, positions, "cutmix", alpha))
    row, column = uniforms(seed, positions, "cutmix/centre", 2).T
    tops, bottoms = _span(height, side, row)
    lefts, rights = _span(width, side, column)
    left_over = 1 - (bottoms - tops) * (rights - lefts) / (height * width)
    for top, bottom, left, right, rest in zip(tops, bottoms, lefts, rights, left_over, strict=True):
        yield _Box(slice(top, bottom), slice(left, right), rest)


def _span(length: int, side: Reals, centre: Reals) -> tuple[Indices, Indices]:
    """From where to where a box reaches along one side of the picture."""
    size = (length * side).astype(np.int64)
    start = _whole(centre, length) - size // 2
    return np.clip(start, 0, length), np.clip(start + size, 0, length)


def _whole(drawn: Reals, count: int) -> Indices:
    """Whole numbers from 0 to ``count`` − 1, of numbers from 0 to 1."""
    return np.minimum((drawn * count).astype(np.int64), count - 1)
