"""The kit of augmentations passes a sound one, and catches what it is for."""

from pathlib import Path

import pytest

FAULTS = {
    "Rain": "",
    "Writes": "test_a_picture_that_is_given_stays_as_it_was",
    "Shrinks": "test_a_picture_keeps_its_shape_and_type[24x24x3]",
    "Floats": "test_a_picture_keeps_its_shape_and_type[24x24x1]",
    "Remembers": "test_the_draws_decide_and_nothing_else_does",
    "DrawsItself": "test_it_draws_from_no_generator_that_others_share",
    "Deaf": "test_different_draws_give_different_pictures",
    "KnowsItsThread": "test_pictures_of_several_threads_do_not_disturb_each_other",
    "Undescribed": "test_it_says_what_its_parameters_mean",
}
SUITE = """
import pytest
from augmentation_faults import FAULTS
from digits_core.testing.augmentation_suite import AugmentationSuite

class TestFaulty(AugmentationSuite):
    @pytest.fixture
    def augmentation(self):
        return FAULTS[{fault!r}]
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault, pytester):
    pytester.syspathinsert(Path(__file__).parent)
    pytester.syspathinsert(Path(__file__).parents[1] / "stand_ins")
    pytester.makepyfile(SUITE.format(fault=fault))
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    if FAULTS[fault]:
        result.stdout.fnmatch_lines([f"FAILED *{FAULTS[fault].replace('[', '[[]')}*"])
    else:
        assert result.ret == 0
