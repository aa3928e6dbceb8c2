"""What a check says of arrays side by side."""

import numpy as np
import pytest

from digits_core.contracts.backend import SLOT_PREFIX
from digits_core.parity.checks import COMPARISONS, compare
from digits_core.parity.findings import Findings
from digits_core.parity.roundings import Roundings
from digits_core.testing.graphs import OP_CASES, graph_of

GRAPH, NORMED = graph_of(OP_CASES["conv"]), graph_of(OP_CASES["batch-norm"])
GRADIENTS = next(comparison for comparison in COMPARISONS if comparison.name == "gradients")
RIGHT = {"logits/kernel": [1.0, -4.0], "tested/bias": [3e-9, 1e-9], "first/kernel": [0.5, 0.25]}


def judge(folder, found, *rounded, right=RIGHT, graph=GRAPH):
    sides = {"expected": {}, "found": found} | {
        f"rounded {number}": arrays for number, arrays in enumerate(rounded or [{}])
    }
    findings = [Findings(folder / name) for name in sides]
    for side, differing in zip(findings, sides.values(), strict=True):
        arrays = {**right, **differing}
        side.write("gradients", {key: np.array(array) for key, array in arrays.items() if array is not None})
    reference, mine, *others = findings
    return compare(GRADIENTS, "fp32" if rounded else "fp64", graph, "mine", mine, reference, others)[0]


def test_an_error_is_relative_to_the_largest_element_of_its_array(tmp_path):
    check = judge(tmp_path, {"first/kernel": [0.5, 0.25 + 1e-10]})
    assert check.error == pytest.approx(2e-10) and not check.passed
    assert (check.where, check.first, check.layer) == ("first/kernel", "first/kernel", "first")
    assert judge(tmp_path, {"logits/kernel": [1 + 1e-10, -4]}).passed


def test_what_is_next_to_nothing_beside_its_group_is_rounding(tmp_path):
    assert judge(tmp_path, {"tested/bias": [3e-9 + 3e-13, 1e-9]}).passed
    assert not judge(tmp_path, {"tested/bias": [3e-9 + 5e-13, 1e-9]}).passed


def test_small_slots_and_running_statistics_are_judged_among_their_like_and_not_beside_large_weights(tmp_path):
    small = f"{SLOT_PREFIX}square_sum/first/kernel"
    for name in (small, "tested/variance"):
        right = {**RIGHT, name: [3e-9, 1e-9]}
        assert judge(tmp_path, {}, right=right, graph=NORMED).passed
        assert not judge(tmp_path, {name: [3e-9 + 3e-13, 1e-9]}, right=right, graph=NORMED).passed


def test_arrays_that_rounding_alone_takes_far_are_counted_and_another_is_told_instead(tmp_path):
    rounded = {"first/kernel": [0.5, 0.251]}
    check = judge(tmp_path, {"first/kernel": [0.5, 0.259], "logits/kernel": [1 + 1e-6, -4]}, rounded)
    assert (check.telling, check.arrays, check.where) == (2, 3, "logits/kernel") and check.passed
    check = judge(tmp_path, {"first/kernel": [0.5, 0.27]}, rounded)
    assert (check.telling, check.where) == (3, "first/kernel") and not check.passed


def test_the_first_array_in_computing_order_is_named_and_the_largest_error_too(tmp_path):
    check = judge(tmp_path, {"first/kernel": [1.0, 1.0], "logits/kernel": [1.1, -4]})
    assert (check.where, check.first) == ("first/kernel", "logits/kernel")


@pytest.mark.parametrize("wrong", [None, [1.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_what_is_missing_misshapen_or_no_number_fails_without_a_number(tmp_path, wrong):
    check = judge(tmp_path, {"first/kernel": wrong})
    assert not check.passed and check.error is None and check.layer == "first"


def test_a_backend_may_round_ten_times_as_much_as_the_reference_in_its_number_format(tmp_path):
    rounded = {"first/kernel": [0.5, 0.2501]}
    assert judge(tmp_path, {"first/kernel": [0.5, 0.2509]}, rounded).passed
    assert not judge(tmp_path, {"first/kernel": [0.5, 0.2512]}, rounded).passed
    assert not judge(tmp_path, {"logits/kernel": [1.001, -4]}, rounded).passed, "the others round as little as ever"


def test_an_array_may_be_as_far_as_any_of_several_roundings_takes_the_reference(tmp_path):
    tie = {"first/kernel": [0.5, 0.3]}
    assert not judge(tmp_path, tie, {}, {}).passed
    assert judge(tmp_path, tie, {}, {"first/kernel": [0.5, 0.26]}).passed


@pytest.mark.parametrize(("precision", "nudges"), [("fp32", [0, 1, 2]), ("fp64", [1, 2, 3])])
def test_the_reference_is_rounded_as_often_as_it_is_asked_for_and_float64_only_from_other_weights(precision, nudges):
    performed = []
    roundings = Roundings(lambda nudge: performed.append(nudge) or nudge)
    assert roundings.first(1, precision) == performed == nudges[:1]
    assert roundings.first(3, precision) == performed == nudges
