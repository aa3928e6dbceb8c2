"""In which order a picture is augmented, and the draws of every operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from digits_core.dataset.augment import colour, placing
from digits_core.dataset.augment.opencv import opencv
from digits_core.dataset.augment.plugins import Extra
from digits_core.dataset.augment.randaugment import randaugment
from digits_core.dataset.draws import Positions, crop_places, uniforms
from digits_core.dataset.pictures import Pixels
from digits_core.spec.augment import Augmentation


class Operation(NamedTuple):
    """Something done to a picture after it was placed.

    Attributes:
        name: Names its draws, and the option that turns it on.
        draws: How many it takes per picture.
        apply: Takes the picture, its draws and the options. OpenCV drops a single channel, which is put back after it.
    """

    name: str
    draws: int
    apply: Callable[[Pixels, Sequence[float], Augmentation], Pixels]

    def is_on(self, options: Augmentation) -> bool:
        """Whether ``options`` ask for it."""
        return bool(getattr(options, self.name) != Augmentation.model_fields[self.name].default)


#: In the order in which they are applied; those of plugins come before cutout.
OPERATIONS = (
    Operation("flip", 2, placing.flip),
    Operation("turn", 1, placing.turn),
    Operation("randaugment", 20, randaugment),
    Operation("brightness", 1, colour.brightness),
    Operation("contrast", 1, colour.contrast),
    Operation("saturation", 1, colour.saturation),
    Operation("hue", 1, colour.hue),
    Operation("hsv", 3, colour.hsv),
    Operation("noise", 1, colour.noise),
)
CUTOUT = Operation("cutout", 2, colour.cutout)


class Step(NamedTuple):
    """An operation that is on.

    Attributes:
        name: Names its draws.
        draws: How many it takes per picture.
        apply: Takes the picture and its draws.
    """

    name: str
    draws: int
    apply: Callable[[Pixels, Sequence[float]], Pixels]


class Placing(NamedTuple):
    """Where what is seen of one picture comes from.

    Attributes:
        part: What is seen; of another size than the result, it is resized.
        angle: Degrees that the picture is rotated by, before.
        factor: That it is enlarged by, before.
    """

    part: placing.Part
    angle: float
    factor: float


class Chance(NamedTuple):
    """What chance has decided for one picture.

    Attributes:
        placing: Where it comes from.
        draws: Of every operation, in order.
    """

    placing: Placing
    draws: tuple[Sequence[float], ...]


class Recipe:
    """What training makes of a picture.

    Args:
        options: What is wanted.
        crop: Side of the square that is cut out; empty: the whole picture.
        source: Height, width and channels of the pictures.
        seed: Seed of the job.
        extras: What plugins bring, in order.

    Attributes:
        shape: Height, width and channels of the result.

    Raises:
        PluginMissing: If OpenCV is needed and not installed.
    """

    def __init__(
        self,
        options: Augmentation,
        crop: int | None,
        source: tuple[int, int, int],
        seed: int,
        extras: Sequence[Extra] = (),
    ) -> None:
        self.shape = (crop or source[0], crop or source[1], source[2])
        self._options = options
        self._source = source
        self._seed = seed
        self._steps = _steps(options, extras)
        if options.warps or self._steps:
            opencv()

    @property
    def is_plain(self) -> bool:
        """Whether pictures stay as they are."""
        return self.shape == self._source and not self._options.warps and not self._steps

    @property
    def is_move(self) -> bool:
        """Whether pictures are only cut out and mirrored, which `move` does to many at once."""
        return not self._options.warps and all(name == "flip" for name, _, _ in self._steps)

    def move(self, pictures: Pixels, positions: Positions) -> Pixels:
        """What `make` makes of each, where `is_move`: uint8 ``[B, H, W, C]``, which may be overwritten."""
        rows, columns, _ = self._source
        height, width, _ = self.shape
        if (height, width) != (rows, columns):
            places = crop_places(self._seed, positions, rows - height + 1, columns - width + 1)
            pictures = placing.cut(pictures, height, width, *places)
        if self._steps:
            placing.flip_many(pictures, uniforms(self._seed, positions, "flip", 2), self._options)
        return pictures

    def draw(self, positions: Positions) -> Iterator[Chance]:
        """What chance decides for the pictures at ``positions`` of the stream."""
        drawn = [uniforms(self._seed, positions, name, count).tolist() for name, count, _ in self._steps]
        for number, place in enumerate(self._placings(positions)):
            yield Chance(place, tuple(draws[number] for draws in drawn))

    def make(self, picture: Pixels, chance: Chance) -> Pixels:
        """``picture`` as training sees it: uint8 of `shape`, perhaps a view of what was given."""
        made = self._placed(picture, chance.placing)
        for (_, _, apply), draws in zip(self._steps, chance.draws, strict=True):
            made = apply(made, draws)
            if made.ndim == 2:
                made = made[:, :, np.newaxis]
        return made

    def _placings(self, positions: Positions) -> Iterator[Placing]:
        options = self._options
        if not (options.rotate or options.scale):
            return (Placing(part, 0.0, 1.0) for part in self._parts(positions))
        rotations = uniforms(self._seed, positions, "rotate", 1).tolist()
        scalings = uniforms(self._seed, positions, "scale", 1).tolist()
        return (
            Placing(part, placing.rotation(rotation, options), placing.scaling(scaling, options))
            for part, rotation, scaling in zip(self._parts(positions), rotations, scalings, strict=True)
        )

    def _parts(self, positions: Positions) -> Iterator[placing.Part]:
        rows, columns, _ = self._source
        height, width, _ = self.shape
        if self._options.area is None:
            tops, lefts = crop_places(self._seed, positions, rows - height + 1, columns - width + 1)
            for top, left in zip(tops.tolist(), lefts.tolist(), strict=True):
                yield placing.Part(top, left, height, width)
            return
        area, aspect = self._options.area, self._options.aspect
        for draws in uniforms(self._seed, positions, "area", placing.PART_DRAWS).tolist():
            yield placing.random_part(rows, columns, area, aspect, draws)

    def _placed(self, picture: Pixels, place: Placing) -> Pixels:
        (top, left, height, width), angle, factor = place
        size = self.shape[0], self.shape[1]
        if angle == 0 and factor == 1 and (height, width) == size:
            return picture[top : top + height, left : left + width]
        source = picture.shape[0], picture.shape[1]
        matrix = placing.place(place.part, size, source, angle, factor)
        return placing.warp(picture, matrix, size, self._options.border).reshape(self.shape)


def _steps(options: Augmentation, extras: Sequence[Extra]) -> list[Step]:
    """Everything that is on, in order."""

    def step(operation: Operation) -> Step:
        return Step(operation.name, operation.draws, lambda picture, draws: operation.apply(picture, draws, options))

    own = [step(operation) for operation in OPERATIONS if operation.is_on(options)]
    last = [step(CUTOUT)] if CUTOUT.is_on(options) else []
    return [*own, *(Step(extra.stream, extra.draws, extra.apply) for extra in extras), *last]
