"""The parts of a job's page in a real browser: charts, snapshots, log, one picture from everywhere, doubts, edit."""

import base64
import contextlib
import functools
import http.server
import re
import threading

import pytest

from digits_core.service.digits import Digits
from tests.web.conftest import audited, eventually, serving

pytestmark = pytest.mark.slow
#: Puts files into a place, as a browser does that was given them by a paste or a drop.
GIVE = """([place, kind, name, type, text]) => {
  const transfer = new DataTransfer(), target = document.querySelector(place);
  transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, {type}));
  if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
  else target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and writes nothing of it."""

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site(folder):
    """The address of a web server of a folder's files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as opened:
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()


@pytest.fixture
def server(home):
    """The address of a server that may fetch pictures from this machine."""
    with serving(home, "--allow-private") as address:
        yield address


def option(page, chart, path):
    """A part of what a chart shows."""
    return page.evaluate(f"id => getElement(id).chart.getOption().{path}", number(chart))


def number(chart):
    """The id by which a page finds a chart."""
    return int(chart.get_attribute("id").removeprefix("c"))


def charts_are_scaled_zoomed_and_taken_away(page):
    chart = page.get_by_role("img", name=re.compile("^Loss and accuracy: loss .training. "))
    chart.wait_for()
    page.get_by_role("switch", name="Logarithmic scale of Loss and accuracy").click()
    page.wait_for_function("id => getElement(id).chart.getOption().yAxis[0].type === 'log'", arg=number(chart))
    chart.hover()
    page.mouse.wheel(0, -400)
    zoomed = "([id, whole]) => (getElement(id).chart.getOption().dataZoom[0].end === 100) === whole"
    page.wait_for_function(zoomed, arg=[number(chart), False])
    assert option(page, chart, "dataZoom[0].start") > 0
    page.get_by_role("button", name="Show all: Loss and accuracy").click()
    page.wait_for_function(zoomed, arg=[number(chart), True])
    assert [option(page, chart, f"dataZoom[{slider}].start") for slider in (0, 1)] == [0, 0]
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download as CSV: Loss and accuracy").click()
    assert taken.value.suggested_filename == "finished-scores.csv"
    head, *rows = taken.value.path().read_text().splitlines()
    assert head.split(",")[:2] == ["epoch", "loss (training)"] and "accuracy (validation)" in head
    assert float(rows[-1].split(",")[0]) == 3


def what_happened_is_told(page, log):
    page.get_by_role("tab", name="Log and events").click()
    events = page.get_by_role("list", name="Events")
    events.get_by_text("run finished").wait_for()
    eventually(events.get_by_text("training logged")).to_have_count(0)
    page.get_by_role("switch", name="Every measurement too").click()
    events.get_by_text("training logged").first.wait_for()
    page.get_by_text("Nothing was printed.").wait_for()
    log.write_text("A worker says this.\n")
    page.get_by_label("Log", exact=True).get_by_text("A worker says this.").wait_for()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    assert taken.value.path().read_text() == "A worker says this.\n"


def a_picture_is_taken_from_everywhere(page, pictures, address):
    # Files that are on their way are named, too.
    answer = page.locator(".digits-card[aria-live=polite]")
    guesses = answer.get_by_role("list", name="Guesses")
    page.get_by_label("Of the dataset").click()
    page.get_by_role("option", name="train").click()
    page.get_by_role("button", name="A sample").click()
    page.get_by_text(re.compile("^is (blue|green|red): (right|wrong)$")).wait_for()
    for url, colour in ((f"{address}/red/01.png", "red"), (f"{address}/blue/01.png", "blue")):
        page.get_by_label("Address of a picture").fill(url)
        page.get_by_label("Address of a picture").press("Enter")
        page.get_by_text(url, exact=True).wait_for()
        eventually(guesses.get_by_role("listitem").first).to_contain_text(colour)
    page.get_by_label("Address of a picture").fill(f"{address}/nowhere.png")
    page.get_by_role("button", name="Fetch").click()
    page.get_by_text(f"There is no answer for {address}/nowhere.png.").wait_for()
    page.get_by_role("button", name="Close").click()
    picture = base64.b64encode((pictures / "green" / "02.png").read_bytes()).decode()
    page.evaluate(GIVE, ["body", "paste", "pasted.png", "image/png", picture])
    answer.get_by_text("pasted.png", exact=True).wait_for()
    eventually(guesses.get_by_role("listitem").first).to_contain_text("green")
    for name, type in (("dropped.png", "image/png"), ("dropped.txt", "text/plain")):
        page.evaluate(GIVE, [".digits-drop", "dragover", name, type, picture])
        page.locator(".q-uploader__dnd").wait_for()
        page.evaluate(GIVE, [".q-uploader__dnd", "drop", name, type, picture])
        (answer.get_by_text(name) if name.endswith("png") else page.get_by_text("One picture file of")).wait_for()
    eventually(page.get_by_text("finished@000002-epoch, computed by onnx")).to_have_count(1)


def test_every_part_of_the_page_of_a_finished_job_does_what_it_says(trained, home, server, page):
    digits = Digits(home)
    page.goto(f"{server}/jobs/finished")
    charts_are_scaled_zoomed_and_taken_away(page)
    what_happened_is_told(page, home / "jobs" / "finished" / "log.txt")

    page.get_by_role("tab", name="Snapshots").click()
    page.get_by_role("row", name=re.compile("best")).wait_for()
    names = page.locator("td .digits-mono").all_inner_texts()
    assert names == [f"00000{epoch}-epoch" for epoch in (3, 2, 1)]
    page.get_by_role("button", name="Use 000002-epoch").click()
    page.wait_for_url("**/jobs/finished?tab=use&snapshot=000002-epoch*")
    with site(trained) as address:
        a_picture_is_taken_from_everywhere(page, trained, address)

    page.get_by_role("tab", name="Doubts").click()
    page.get_by_label("Pictures", exact=True).click()
    page.get_by_role("option", name="train").click()
    page.get_by_role("button", name="Look for errors").click()
    page.get_by_text(re.compile("^27 train pictures of colours@v0001: ")).wait_for()
    assert digits.job("errors-finished").state == "done" and "errors=errors-finished" in page.url

    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Name", exact=True).fill("best lenet so far")
    page.get_by_label("Notes").fill("Ready for the demo.\nKeep it.")
    page.get_by_label("Tags").fill("demo")
    page.get_by_label("Tags").press("Enter")
    page.get_by_role("button", name="Save").click()
    refused = page.get_by_role("alert").filter(has_text="best lenet so far")
    refused.get_by_role("button", name="Close").click()
    page.get_by_label("Name", exact=True).fill("renamed")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/jobs/renamed")
    page.get_by_role("heading", name="renamed").wait_for()
    page.get_by_text("Keep it.").wait_for()
    page.locator(".digits-tag", has_text="demo").wait_for()
    view = digits.job("renamed")
    assert (view.description, view.tags) == ("Ready for the demo.\nKeep it.", ("demo",))
    assert audited(home, 1)[-1]["action"] == "edit job"
