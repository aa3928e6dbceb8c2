"""Charts and tables of comparison in a real browser."""

import pytest

pytestmark = pytest.mark.slow


def test_curves_of_jobs_are_compared_smoothed_and_taken_away(trained, server, page):
    page.goto(f"{server}/compare")
    page.get_by_text("No jobs are chosen").wait_for()
    page.goto(f"{server}/compare?jobs=finished")
    chart = page.get_by_role("img", name="Loss in training: finished")
    chart.wait_for()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download as CSV: Loss in training").click()
    lines = taken.value.path().read_text().splitlines()
    assert lines[0] == "epoch,finished" and len(lines) > 3
    page.get_by_role("button", name="Steps", exact=True).click()
    page.get_by_role("slider", name="Smoothing of Loss in training").press("ArrowRight")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download as PNG: Loss in training").click()
    assert taken.value.path().read_bytes().startswith(b"\x89PNG")
