"""Charts and tables of comparison in a real browser."""

import json
import shutil

import pytest

from digits_core.service.digits import Digits

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


@pytest.fixture
def other(trained, home):
    """A copy of job `finished` that was asked for with a higher rate and another precision."""
    folder = home / "jobs" / "finished"
    copy = shutil.copytree(folder, folder.with_name("other"))
    request = json.loads((copy / "job.json").read_text())
    request["id"] = request["spec"]["name"] = "other"
    request["spec"]["solver"]["rate"] = 0.0625
    request["spec"]["options"]["precision"] = "fp64"
    (copy / "job.json").write_text(json.dumps(request))
    Digits(home).reindex()


def test_what_jobs_were_asked_differently_is_told_in_the_words_of_the_form(other, server, page):
    page.goto(f"{server}/compare?jobs=finished,other")
    table = page.get_by_role("table", name="Differences in what was asked for")
    table.get_by_role("row", name="Learning rate solver.rate 0.002 0.0625").wait_for()
    assert table.get_by_role("rowheader").all_inner_texts() == [
        "Training",
        "Learning rate\nsolver.rate",
        "Precision\noptions.precision",
    ]


def test_charts_turn_dark_and_light_with_the_page_whoever_wants_that(trained, server, page):
    page.goto(f"{server}/compare?jobs=finished")
    chart = page.get_by_role("img", name="Loss in training: finished")
    chart.wait_for()
    id = int(chart.get_attribute("id").removeprefix("c"))

    def wait_for_ink(ink):
        drawn = "([id, ink]) => getElement(id).chart?.getOption().legend[0].textStyle.color === ink"
        page.wait_for_function(drawn, arg=[id, ink])

    light, dark = "#1b2430", "#e6ebf1"
    wait_for_ink(light)
    page.emulate_media(color_scheme="dark")
    wait_for_ink(dark)
    page.get_by_role("button", name="Light or dark").click()
    wait_for_ink(light)
