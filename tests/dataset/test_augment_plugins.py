"""Augmentations of plugins: found by name, drawn for like any other, and held to their contract."""

import numpy as np
import pytest

from digits_core.dataset.augment.plugins import make_extras, streams
from digits_core.dataset.augment.recipe import Recipe
from digits_core.errors import JobFailed, NameUnknown, SpecInvalid
from digits_core.spec.augment import Augmentation, ExtraAugmentation
from digits_core.spec.model import parse

BLACK = np.zeros((20, 20, 3), np.uint8)


def asked(*extras):
    return parse(Augmentation, {"extra": list(extras)})


def rained(known, options, position=0):
    recipe = Recipe(options, None, BLACK.shape, 1, make_extras(options.extra, known))
    (chance,) = recipe.draw(np.array([position], np.uint64))
    return recipe.make(BLACK, chance)


def test_an_augmentation_of_a_plugin_is_drawn_by_position(augmenting):
    known = augmenting.augmentations
    seen = {rained(known, asked({"name": "rain", "drops": 2}), position).tobytes() for position in range(20)}
    assert len(seen) == 20
    assert {np.frombuffer(one, np.uint8).sum() // 255 for one in seen} <= {3, 6}


def test_its_draws_do_not_depend_on_what_else_is_asked_for(augmenting):
    alone = rained(augmenting.augmentations, asked({"name": "rain"}))
    with_others = asked({"name": "rain"}).model_copy(update={"flip": "both", "brightness": 0.5})
    options = with_others.model_copy(update={"flip": "none"})
    assert np.array_equal(rained(augmenting.augmentations, options), alone)
    assert not np.array_equal(rained(augmenting.augmentations, asked({"name": "rain"}, {"name": "rain"})), alone)


def test_each_of_one_name_has_draws_of_its_own():
    wanted = [ExtraAugmentation(name=name) for name in ("rain", "snow", "rain")]
    assert [stream for _, stream in streams(wanted)] == ["extra rain 1", "extra snow 1", "extra rain 2"]


def test_an_unknown_one_shows_close_matches(augmenting):
    with pytest.raises(NameUnknown, match="Did you mean rain"):
        make_extras(asked({"name": "rian"}).extra, augmenting.augmentations)


def test_wrong_parameters_are_named(augmenting):
    with pytest.raises(SpecInvalid, match=r"drops.*extra, rain"):
        make_extras(asked({"name": "rain", "drops": -1}).extra, augmenting.augmentations)


def test_a_picture_of_another_shape_is_refused_with_the_name_of_the_culprit(augmenting):
    with pytest.raises(JobFailed, match=r"'shrink' is expected to give uint8 \(20, 20, 3\), found uint8 \(19"):
        rained(augmenting.augmentations, asked({"name": "shrink"}))
