"""The kit of trackers passes a sound one, and catches what it is for."""

from pathlib import Path

FAULTS = {
    "NeverGoesBack": "test_what_it_was_told_when_it_was_killed_is_not_doubled[before its mark was kept]",
    "StartsAnew": "test_when_it_goes_on_nothing_is_lost_or_doubled",
    "WritesAtItsEnd": "test_what_is_flushed_survives_its_death",
    "LosesTheLast": "test_what_happened_can_be_read_back",
    "Sprawls": "test_it_writes_only_where_it_says",
    "Moves": "test_it_goes_on_in_the_same_place",
    "KeepsAnObject": "test_its_mark_is_plain_data",
    "Picky": "test_facts_of_every_kind_are_taken",
    "KeepsTheOlder": "test_of_steps_that_are_done_again_the_newer_value_counts",
    "Undescribed": "test_it_says_what_its_settings_mean",
}
SUITE = """
import pytest
from tracker_faults import FAULTS, read as read_lines
from digits_core.testing.tracker_suite import TrackerSuite
"""
SUBCLASS = """
class Test{fault}(TrackerSuite):
    @pytest.fixture
    def tracker(self):
        return FAULTS["{fault}"]

    @pytest.fixture
    def read(self):
        return read_lines
"""


def test_a_sound_tracker_passes_and_every_planted_fault_is_caught(pytester):
    pytester.syspathinsert(Path(__file__).parent)
    pytester.makepyfile(test_all=SUITE + "".join(SUBCLASS.format(fault=fault) for fault in ("Lines", *FAULTS)))
    result = pytester.runpytest_inprocess("-q", "--tb=no", "-p", "no:cacheprovider")
    failed = {line.split(" - ")[0].partition("::")[2] for line in result.outlines if line.startswith("FAILED ")}
    caught = {f"Test{fault}::{test}" for fault, test in FAULTS.items()}
    assert caught <= failed, caught - failed
    assert not {each for each in failed if each.startswith("TestLines::")}
