"""The tables of Home in a real browser, with more jobs than anybody reads, and what becomes of what is put away."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from digits_core.service.digits import Digits
from digits_core.store.index import Index, Kept

pytestmark = pytest.mark.slow

JOBS, NETWORKS = 10_000, ("alexnet", "googlenet", "lenet:conv1=8,hidden=16")
MORNING = datetime(2026, 1, 15, 3, 30, tzinfo=UTC)


@pytest.fixture
def crowd(trained, home):
    """Datasets `colours` and `shades`, job `finished`, and 10,000 that are done or failed, as the index keeps them."""
    digits = Digits(home)
    paths = (trained,)
    digits.create_dataset({"name": "shades", "paths": paths, "width": 12, "height": 12, "channels": 1})
    digits.describe_dataset("shades", tags=["grey"])
    view, folder = digits.job("finished"), digits.home.job_folder("finished")
    kept = []
    for number in range(JOBS):
        copy = folder.with_name(f"job-{number:05}")
        copy.mkdir()
        os.link(folder / "job.json", copy / "job.json")
        looks = {
            "job": copy.name,
            "name": copy.name,
            "created": (MORNING + timedelta(seconds=number)).isoformat(),
            "network": NETWORKS[number % 3],
            "state": "failed" if number % 1000 == 7 else "done",
            "tags": ("demo", "old") if number % 2000 == 0 else (),
            "best": view.best.model_copy(update={"metrics": {**view.best.metrics, "val/accuracy": number / JOBS}}),
        }
        shown = view.model_copy(update=looks)
        kept.append(Kept(shown.created, shown.job, shown.to_json()))
    index = Index(digits.home)
    index.sync()
    index.close(kept)
    return digits


class Traffic:
    """What a page asks for and is told, from when it is begun."""

    def __init__(self, page):
        self.begin()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", self._opened)

    def begin(self):
        self.requests, self.sent, self.received = [], [], []

    def _opened(self, socket):
        socket.on("framesent", lambda data: self.sent.append(data))
        socket.on("framereceived", lambda data: self.received.append(data))

    def is_small(self):
        """Whether it was a handful of messages: a question or two, and a page of rows for each."""
        size = sum(map(len, self.received))
        told = f"{self.requests} requests, {len(self.sent)} sent, {len(self.received)} received, {size} bytes"
        assert not self.requests and len(self.sent) <= 12 and len(self.received) <= 12 and size < 100_000, told
        self.begin()


def choose(page, field, option):
    page.get_by_label(field, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def names(page):
    return page.locator("tbody a[href*='/jobs/']").all_inner_texts()


def headings(page):
    return [" ".join(text.split()) for text in page.locator(".digits-group").all_inner_texts()]


def each_table_keeps_its_question(page):
    page.get_by_label("Search jobs").fill("job-0000")
    page.get_by_text("1-2 of 2").wait_for()
    page.get_by_role("tab", name="Datasets").click()
    page.get_by_label("Search jobs").wait_for(state="detached")
    page.get_by_text("1-2 of 2").wait_for()
    choose(page, "Order", "Name")
    page.locator("tbody tr", has_text="colours").first.wait_for()
    page.get_by_label("Search datasets").fill("grey 12")
    page.get_by_text("1-1 of 1").wait_for()
    page.get_by_role("tab", name="Jobs").click()
    page.wait_for_url("**/?tag=demo&q=job-0000&group=tag")
    page.get_by_label("Search datasets").wait_for(state="detached")
    assert headings(page) == ["demo 1", "old 1"] and names(page) == ["job-00000"] * 2
    page.get_by_role("tab", name="Datasets").click()
    page.wait_for_url("**/?tab=datasets&q=grey+12&sort=name")
    page.reload()
    page.get_by_text("1-1 of 1").wait_for()
    page.get_by_role("row", name="shades grey 36 27 / 9 / 0 3 12 × 12 × 1").wait_for()
    page.get_by_label("Choose shades").click()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_text("No datasets match.").wait_for()
    page.get_by_role("link", name="Show the trash").click()
    page.get_by_role("button", name="Restore dataset shades").wait_for()


def test_ten_thousand_jobs_are_searched_filtered_grouped_and_ordered_by_a_handful_of_messages(crowd, server, page):
    traffic = Traffic(page)
    page.goto(server)
    page.get_by_text("1-25 of 10001").wait_for()
    traffic.begin()
    page.get_by_label("Search jobs").press_sequentially("job-0199 GOOGLENET", delay=30)
    page.get_by_text("1-4 of 4").wait_for()
    assert names(page) == ["job-01999", "job-01996", "job-01993", "job-01990"]
    traffic.is_small()
    page.get_by_label("Search jobs").fill("")
    page.get_by_text("1-25 of 10001").wait_for()
    traffic.begin()
    choose(page, "Group", "By network")
    page.locator(".digits-group", has_text="alexnet").wait_for()
    assert headings(page) == ["alexnet 3334"] and len(names(page)) == 25
    traffic.is_small()

    choose(page, "Network", NETWORKS[2])
    page.keyboard.press("Escape")
    page.get_by_text("1-25 of 3333").wait_for()
    choose(page, "Order", "Best accuracy")
    page.locator("tbody tr", has_text="job-09998").wait_for()
    page.reload()
    page.get_by_text("1-25 of 3333").wait_for()
    assert headings(page) == [f"{NETWORKS[2]} 3333"] and names(page)[:2] == ["job-09998", "job-09995"]
    page.get_by_role("columnheader", name="Job", exact=True).click()
    page.locator("tbody tr", has_text="job-00002").wait_for()
    assert page.get_by_label("Order", exact=True).input_value() == "Name"

    page.goto(f"{server}/?tag=demo&group=tag")
    page.get_by_text("1-10 of 10").wait_for()
    assert headings(page) == ["demo 5", "old 5"]
    for group in (0, 1):
        page.get_by_label("Choose job-08000").nth(group).click()
    page.get_by_text("1 chosen").wait_for()
    each_table_keeps_its_question(page)
