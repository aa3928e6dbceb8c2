"""The conformance kit of augmentations: subclass, give the class, run pytest.

::

    class TestRain(AugmentationSuite):
        @pytest.fixture
        def augmentation(self):
            return Rain

Where the default parameters do nothing, give others through the fixture ``params``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from digits_core.contracts.augmentation import PictureAugmentation
from digits_core.dataset.draws import uniforms

Pixels = npt.NDArray[np.uint8]
#: OpenCV computes it otherwise than small ones, by settings that each thread has of its own.
LARGE = (256, 256, 3)
SHAPES = ((24, 24, 3), (24, 24, 1), (9, 31, 3), (1, 1, 3), (1, 1, 1))


def picture_of(shape: tuple[int, int, int]) -> Pixels:
    """A picture that nobody may write to."""
    drawn = np.random.Generator(np.random.SFC64(1)).integers(0, 256, shape, np.uint8)
    drawn.flags.writeable = False
    return drawn


class AugmentationSuite:
    """What every augmentation must satisfy."""

    @pytest.fixture
    def augmentation(self) -> type[PictureAugmentation]:
        """The class under test."""
        raise NotImplementedError("give the fixture `augmentation`")

    @pytest.fixture
    def params(self) -> dict[str, Any]:
        """What a job says of it."""
        return {}

    @pytest.fixture
    def made(self, augmentation: type[PictureAugmentation], params: dict[str, Any]) -> PictureAugmentation:
        """The augmentation, ready to be applied."""
        return augmentation(augmentation.Params.model_validate(params))

    @pytest.fixture
    def draws(self, augmentation: type[PictureAugmentation]) -> list[list[float]]:
        """Draws of a hundred pictures; the first and the last are the extremes."""
        drawn: list[list[float]] = uniforms(5, np.arange(100, dtype=np.uint64), "kit", augmentation.draws).tolist()
        return [[0.0] * augmentation.draws, *drawn, [1 - 2.0**-53] * augmentation.draws]

    def test_it_says_what_its_parameters_mean(self, augmentation: type[PictureAugmentation]) -> None:
        assert augmentation.name and augmentation.draws >= 0
        undescribed = [name for name, field in augmentation.Params.model_fields.items() if not field.description]
        assert not undescribed, "a parameter without a description has no documentation"

    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
    def test_a_picture_keeps_its_shape_and_type(
        self, made: PictureAugmentation, draws: list[list[float]], shape: tuple[int, int, int]
    ) -> None:
        for drawn in draws:
            found = made.apply(picture_of(shape), drawn)
            assert found.shape == shape and found.dtype == np.uint8

    def test_a_picture_that_is_given_stays_as_it_was(self, made: PictureAugmentation, draws: list[list[float]]) -> None:
        given = picture_of(SHAPES[0]).copy()
        for drawn in draws:
            made.apply(given, drawn)
            assert np.array_equal(given, picture_of(SHAPES[0]))

    def test_the_draws_decide_and_nothing_else_does(self, made: PictureAugmentation, draws: list[list[float]]) -> None:
        once = _all(made, draws)
        np.random.seed(len(once))
        random.seed(len(once))
        assert _all(made, draws[::-1])[::-1] == once

    def test_it_draws_from_no_generator_that_others_share(
        self, made: PictureAugmentation, draws: list[list[float]]
    ) -> None:
        before = (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index]
        _all(made, draws)
        assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # type: ignore[index]

    def test_pictures_of_several_threads_do_not_disturb_each_other(
        self, made: PictureAugmentation, draws: list[list[float]]
    ) -> None:
        some = draws[:10]
        expected = _all(made, some, LARGE)
        with ThreadPoolExecutor(4) as pool:
            assert all(found == expected for found in pool.map(lambda _: _all(made, some, LARGE), range(8)))

    def test_different_draws_give_different_pictures(self, made: PictureAugmentation, draws: list[list[float]]) -> None:
        assert len(set(_all(made, draws))) > 1 or not made.draws


def _all(
    made: PictureAugmentation, draws: Sequence[Sequence[float]], shape: tuple[int, int, int] = SHAPES[0]
) -> list[bytes]:
    return [made.apply(picture_of(shape), drawn).tobytes() for drawn in draws]
