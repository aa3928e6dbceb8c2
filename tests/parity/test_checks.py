"""What a check says of arrays side by side."""

import numpy as np
import pytest

from digits_core.parity.checks import COMPARISONS, compare
from digits_core.parity.findings import Findings
from digits_core.testing.graphs import OP_CASES, graph_of

GRAPH = graph_of(OP_CASES["conv"])
GRADIENTS = next(comparison for comparison in COMPARISONS if comparison.name == "gradients")
RIGHT = {"logits/kernel": [1.0, -4.0], "tested/bias": [3e-9, 1e-9], "first/kernel": [0.5, 0.25]}


def judge(folder, found, rounded=None):
    groups = {"expected": RIGHT, "found": {**RIGHT, **found}, "rounded": {**RIGHT, **(rounded or {})}}
    findings = {name: Findings(folder / name) for name in groups}
    for name, arrays in groups.items():
        findings[name].write("gradients", {key: np.array(array) for key, array in arrays.items() if array is not None})
    found, expected, rounded_findings = (findings[name] for name in ("found", "expected", "rounded"))
    return compare(GRADIENTS, "fp32" if rounded else "fp64", GRAPH, "mine", found, expected, [rounded_findings])[0]


def test_an_error_is_relative_to_the_largest_element_of_its_array(tmp_path):
    check = judge(tmp_path, {"first/kernel": [0.5, 0.25 + 1e-10]})
    assert check.error == pytest.approx(2e-10) and not check.passed
    assert (check.where, check.first, check.layer) == ("first/kernel", "first/kernel", "first")
    assert judge(tmp_path, {"logits/kernel": [1 + 1e-10, -4]}).passed


def test_what_is_next_to_nothing_beside_its_group_is_rounding(tmp_path):
    assert judge(tmp_path, {"tested/bias": [3e-9 + 2e-16, 1e-9]}).passed
    assert not judge(tmp_path, {"tested/bias": [3e-9 + 1e-15, 1e-9]}).passed


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
