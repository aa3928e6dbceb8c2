"""Home in a real browser."""

import json
import re
import shutil

import pytest

from digits_core.service.digits import Digits
from tests.web.conftest import audited

pytestmark = pytest.mark.slow


@pytest.fixture
def many(trained, home):
    """Dataset `colours`, job `finished`, and 29 copies of it."""
    digits = Digits(home)
    folder = digits.home.job_folder("finished")
    for number in range(29):
        copy = shutil.copytree(folder, folder.with_name(f"copy-{number:02}"))
        request = json.loads((copy / "job.json").read_text())
        request["id"] = request["spec"]["name"] = copy.name
        (copy / "job.json").write_text(json.dumps(request))
    digits.reindex()
    return digits


def test_an_empty_home_says_what_to_do_first(server, page):
    page.goto(server)
    page.get_by_role("heading", name="Home").wait_for()
    assert page.title() == "Home · DIGITS"
    page.get_by_text("No datasets yet").wait_for()
    page.get_by_role("tab", name="Jobs").click()
    page.get_by_text("Train a network on a dataset").wait_for()
    page.get_by_label("Device cpu:0").get_by_text(re.compile("^(free|no job)")).wait_for()


def test_jobs_are_searched_paged_and_put_into_the_trash_and_back(many, home, server, page):
    page.goto(server)
    page.get_by_text("1-25 of 30").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("26-30 of 30").wait_for()
    page.wait_for_url("**/?page=2")
    page.reload()
    page.get_by_text("26-30 of 30").wait_for()
    page.get_by_label("Search jobs").fill("COPY-1 lenet")
    page.get_by_text("1-10 of 10").wait_for()
    page.get_by_label("Choose all on this page").click()
    page.get_by_text("10 chosen").wait_for()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_text("10 jobs moved to the trash").wait_for()
    page.get_by_text("No jobs match.").wait_for()
    assert len(many.jobs()) == 20
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("1-10 of 10").wait_for()
    assert len(many.jobs()) == 30
    assert [line["action"] for line in audited(home, 20)] == ["discard job"] * 10 + ["restore"] * 10


def test_a_job_that_waits_is_on_a_card_and_is_aborted_from_the_table(trained, home, server, page):
    page.goto(server)
    page.get_by_text("1-1 of 1").wait_for()
    digits = Digits(home)
    every = f"cpu:{len(digits.devices())}"
    request = {"dataset": "colours", "network": "lenet", "backend": "torch", "batch": 9, "devices": every}
    digits.submit({**request, "name": "first", "epochs": 10000})
    digits.submit({**request, "name": "waits"})
    card = page.get_by_label("Job waits", exact=True)
    card.get_by_text("in the queue").wait_for()
    page.get_by_label("Job first", exact=True).get_by_text("epoch").wait_for()
    page.get_by_label("Device cpu:0").get_by_role("link", name="first").wait_for()
    for name in ("waits", "first"):
        page.get_by_label(f"Choose {name}").click()
    page.get_by_role("button", name="Abort").click()
    page.get_by_text("Stop 2 jobs for good?").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    page.get_by_text("2 jobs aborted").wait_for()
    card.wait_for(state="hidden")
    assert [job.state for job in digits.jobs()] == ["done", "aborted", "aborted"]
