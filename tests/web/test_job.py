"""The page of a job in a real browser: while it trains, and what its model is used for."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile

import pytest
from PIL import Image

from digits_core.service.digits import Digits
from digits_web.pages.job.take import program_lines
from tests.web.conftest import audited, eventually

pytestmark = pytest.mark.slow

LONG = {
    "dataset": "colours", "network": "lenet", "name": "long", "backend": "numpy", "devices": "cpu:1", "epochs": 3000,
    "batch": 9, "validate_every": 5, "snapshots": {"every": 5, "keep": 2}, "solver": {"name": "sgd", "rate": 0.002},
}  # fmt: skip


def tab(page, name):
    page.get_by_role("tab", name=name).click()


def loaded(picture):
    """Whether a picture has arrived, and not only its place."""
    return picture.evaluate("image => image.complete && image.naturalWidth > 0")


def is_brought_back(page, server, digits):
    """What is in the trash says so at its own address, and on a page that was open before."""
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{server}/nowhere", timeout=200)
    assert missing.value.code == 404 and "There is no page here" in missing.value.read().decode()
    page.goto(f"{server}/jobs/long")
    page.get_by_text("long is in the trash.").wait_for()
    page.get_by_role("button", name="Restore").click()
    page.locator("[data-state=aborted]").wait_for()
    digits.discard_job("long")
    page.get_by_text("long is in the trash.").wait_for()
    page.get_by_role("button", name="Restore").click()
    page.locator("[data-state=aborted]").wait_for()


@pytest.mark.backend("torch")
def test_a_job_is_watched_used_paused_and_goes_on_in_another_backend(trained, server, page):
    digits = Digits()
    digits.submit(LONG)
    page.goto(f"{server}/jobs/long")
    chart = page.get_by_role("img", name=re.compile("^Loss and accuracy: loss .training. "))
    chart.wait_for()
    before = chart.get_attribute("aria-label")
    page.wait_for_function("old => !document.querySelector(`[aria-label='${old}']`)", arg=before)
    eventually(chart).to_have_attribute("aria-label", re.compile(r"accuracy \(validation\)"))

    tab(page, "Use")
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("input[type=file]").first.set_input_files(broken)
    refused = page.get_by_role("alert").filter(has_text="Picture broken.png cannot be read: ")
    assert "/tmp" not in refused.inner_text()
    refused.get_by_role("button", name="Close").click()
    page.get_by_text("Show visualisations and statistics").click()
    page.locator("input[type=file]").first.set_input_files(trained / "red" / "00.png")
    page.get_by_role("list", name="Guesses").get_by_text("red").wait_for()
    layer = page.locator("#layer-conv1")
    kernel = layer.get_by_role("img", name=re.compile("^kernel: "))
    kernel.scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.querySelectorAll('#layer-conv1 img')].every(i => i.naturalWidth > 0)")
    eventually(layer.get_by_text("Deviation")).to_have_count(3)  # of the activation, the kernel and the bias
    assert digits.job("long").state == "running"

    page.get_by_role("button", name="Pause").click()
    page.locator("[data-state=paused]").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.get_by_label("Backend").click()
    page.get_by_role("option", name="torch").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    page.locator("[data-state=running]").wait_for()
    page.reload()
    assert "tab=use" in page.url
    tab(page, "Training")
    page.get_by_role("cell", name="torch", exact=True).wait_for()
    page.get_by_role("button", name="Abort").click()
    page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    page.locator("[data-state=aborted]").wait_for()

    page.get_by_role("button", name="Discard").click()
    page.get_by_text("long is in the trash.").wait_for()
    is_brought_back(page, server, digits)
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Undo").click()
    while "long" not in digits.home.job_ids():
        page.wait_for_timeout(100)
    page.locator("[data-state=aborted]").wait_for()
    assert digits.job("long").backend == "torch"


def test_what_a_model_confuses_is_seen_and_mended_and_the_model_is_taken_away(trained, server, page, tmp_path):
    page.goto(f"{server}/jobs/finished?tab=use&do=evaluate")
    page.get_by_label("Pictures").click()
    page.get_by_role("option", name="train").click()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    matrix = page.get_by_role("img", name="Confusion matrix")
    matrix.locator("canvas").first.wait_for()
    assert "evaluation=evaluation-finished" in page.url
    digits = Digits()
    found = digits.evaluation("evaluation-finished")
    row, column = max(((r, c) for r in range(3) for c in range(3)), key=lambda cell: found.confusion[cell[0]][cell[1]])
    at = page.evaluate(
        "([id, place]) => getElement(id).chart.convertToPixel({seriesIndex: 0}, place)",
        [int(matrix.get_attribute("id").removeprefix("c")), [column, row]],
    )
    matrix.scroll_into_view_if_needed()
    box = matrix.bounding_box()
    page.mouse.click(box["x"] + at[0], box["y"] + at[1])
    page.get_by_text(f"of {found.labels[row]}, ").wait_for()
    picture = page.get_by_role("button", name=f"{found.labels[row]}, ").first
    picture.click()
    page.wait_for_function("() => document.querySelector('.digits-tile img').naturalWidth > 0")
    page.get_by_label("New class").click()
    page.get_by_role("option", name=found.labels[row - 1]).click()
    page.get_by_role("button", name="Relabel 1").click()
    page.get_by_text("Version colours@v0002 is made").wait_for()
    assert digits.dataset("colours").version == "v0002"
    eventually(page.locator(".digits-tile:disabled", has_text=f"now {found.labels[row - 1]}")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Version colours@v0003 is made of v0001: the change is undone.").wait_for()
    page.wait_for_function("() => !document.querySelector('.digits-tile:disabled')")
    assert digits.dataset("colours").digest == digits.dataset("colours@v0001").digest

    tab(page, "Take away")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download archive as zip").click()
    archive = tmp_path / "finished.zip"
    download.value.save_as(archive)
    assert digits.verify_archive(archive).passed
    with zipfile.ZipFile(archive) as opened:
        opened.extract("model.onnx", tmp_path)
    Image.new("RGBA", (41, 23), "red").save(tmp_path / "picture.png")
    told = subprocess.run([sys.executable, "-c", program_lines()], cwd=tmp_path, capture_output=True, text=True)
    assert re.search(r"^\w+: [\d.]+%$", told.stdout, re.MULTILINE), told.stderr
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as onnx").click()
    assert download.value.suggested_filename == "finished-000003-epoch-onnx-fp32.zip"
    page.get_by_text("Verified on").wait_for()
    page.goto(f"{server}/jobs/export-finished")
    page.get_by_role("button", name="Download").wait_for()
    eventually(page.get_by_role("cell", name="Export: onnx, fp32")).to_have_count(1)


def test_what_is_looked_for_is_found_again_after_a_reload_and_shown_by_itself(trained, home, server, page):
    page.goto(f"{server}/jobs/finished?tab=use&do=top")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**top=top-finished*")
    page.reload()
    page.get_by_text("9 val pictures of colours@v0001, scored by finished@000003-epoch.").wait_for()
    assert Digits().job("top-finished").state == "done"
    tab(page, "Many")
    page.locator("input[type=file]").last.set_input_files([trained / "red" / "00.png", trained / "blue" / "01.png"])
    page.get_by_text("2 pictures, classified by finished@000003-epoch").wait_for()
    eventually(page.get_by_role("cell", name="01.png")).to_have_count(1)
    actions = [line["action"] for line in audited(home, 4)]
    assert actions[-3:] == ["upload", "upload", "create classification job"]
    tab(page, "One picture")
    page.get_by_text("What the model takes it for").wait_for()
    page.locator("input[type=file]").first.set_input_files(trained / "red" / "00.png")
    page.get_by_role("button", name="Show similar pictures").click()
    page.wait_for_url("**similar=similar-finished*")
    page.get_by_text("Most like 00.png").wait_for()
    first = page.get_by_role("list", name="Similar pictures").get_by_role("link").first
    eventually(first).to_contain_text("red")
    page.locator("input[type=file]").first.set_input_files(trained / "blue" / "01.png")
    page.get_by_text("Most like 00.png").wait_for(state="detached")
    page.get_by_role("button", name="Show similar pictures").click()
    page.get_by_text("Most like 01.png").wait_for()
    assert len([job for job in Digits().jobs() if job.kind == "similar"]) == 1
    with page.expect_navigation(url="**/datasets/colours@v0001?split=train&q=*"):
        first.click()
    page.get_by_text("1 picture", exact=True).wait_for()
    page.goto(f"{server}/jobs/classification-finished")
    page.get_by_role("button", name="See the guesses").click()
    page.get_by_text("2 pictures, classified by finished@000003-epoch").wait_for()
