"""The page of a new model in a real browser."""

import itertools
import json
import re
import shutil
import sys

import pytest

from digits_core.service.digits import Digits
from tests.web.conftest import eventually

pytestmark = pytest.mark.slow

MINE = """format: digits/network
version: 1
name: mine
layers:
  - {name: conv1, op: conv, filters: 4, kernel: 3, activation: relu}
  - {name: pool1, op: max_poool, kernel: 2, stride: 2}
  - {name: logits, op: dense}
"""


@pytest.fixture
def home(home, claims, finished):
    """A home with a dataset, a job, and what backends claim."""
    shutil.copytree(finished / "home", home)
    shutil.copytree(claims, home / "cache", dirs_exist_ok=True)
    return home


@pytest.mark.backend("torch")
def test_a_network_of_ones_own_is_mended_drawn_trained_on_two_devices_and_used_meanwhile(finished, home, server, page):
    page.goto(f"{server}/jobs/new?dataset=colours")
    page.get_by_role("tab", name="Custom").click()
    editor = page.locator(".cm-content")
    editor.get_by_text("conv1").wait_for()
    editor.fill(MINE)
    mistake = page.locator(".digits-mistake", has_text="Line 6")
    mistake.get_by_text("max_poool").wait_for()
    assert page.locator(".digits-wrong-line").inner_text().strip().startswith("- {name: pool1")
    train = page.get_by_role("button", name="Train", exact=True)
    eventually(train).to_be_disabled()

    editor.fill(MINE.replace("max_poool", "max_pool"))
    page.get_by_text(re.compile("^mine: .* parameters")).wait_for()
    eventually(mistake).to_have_count(0)
    page.get_by_role("button", name="Visualise").click()
    page.locator(".digits-drawing svg text", has_text="pool1").first.wait_for()
    page.get_by_role("cell", name="max_pool").wait_for()

    page.get_by_label("Epochs", exact=True).fill("3000")
    page.get_by_label("Learning rate", exact=True).fill("0.0005")
    page.get_by_label("Batch size").fill("9")
    page.get_by_label("Name", exact=True).fill("two")
    page.get_by_role("radio", name=re.compile("^torch")).click()
    for device in ("cpu:0", "cpu:1"):
        page.get_by_role("button", name=device).click()
    page.wait_for_function("() => Object.values(sessionStorage).some(kept => /two/.test(kept) && /cpu:0,1/.test(kept))")
    page.reload()
    page.get_by_text("Ready.").wait_for()
    eventually(page.locator(".cm-content")).to_contain_text("max_pool")
    assert page.get_by_label("Name", exact=True).input_value() == "two"

    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/jobs/two")
    chart = page.get_by_role("img", name=re.compile("^Loss and accuracy: loss .training. "))
    chart.wait_for()
    before = chart.get_attribute("aria-label")
    page.wait_for_function("old => !document.querySelector(`[aria-label='${old}']`)", arg=before)
    page.get_by_role("tab", name="Use").click()
    page.locator("input[type=file]").first.set_input_files(finished / "pictures" / "red" / "00.png")
    page.get_by_role("list", name="Guesses").get_by_text("red").wait_for()
    digits = Digits(home)
    assert digits.job("two").state == "running"
    page.get_by_role("button", name="Abort").click()
    page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    page.locator("[data-state=aborted]").wait_for()
    view = digits.job("two")
    assert (view.network, view.devices, view.backend) == ("mine (custom)", ("cpu:0", "cpu:1"), "torch")
    assert digits.clone("two", {})["network"] == MINE.replace("max_poool", "max_pool")


def test_several_rates_make_several_jobs_and_a_clone_has_the_same_form(home, server, page):
    Digits(home).change_dataset("colours", {"action": "relabel", "classes": {"red": "crimson"}})
    page.goto(f"{server}/jobs/new?clone=finished")
    page.get_by_text("Ready.").wait_for()
    changed = page.get_by_text("Dataset colours has changed since: job finished learned from v0001")
    changed.wait_for()
    page.get_by_label("Version", exact=True).click()
    page.get_by_role("option", name="v0001").click()
    changed.wait_for(state="hidden")
    assert page.get_by_label("Epochs", exact=True).input_value() == "3"
    assert page.get_by_label("Learning rate", exact=True).input_value() == "0.002"
    page.get_by_label("Learning rate", exact=True).fill("0.002, 0.0")
    page.get_by_text("greater than 0").first.wait_for()
    page.get_by_label("Learning rate", exact=True).fill("0.002, 0.001")
    page.get_by_role("button", name="Train 2 jobs").wait_for()
    page.get_by_text("For a terminal").click()
    command = page.locator(".digits-code").first.inner_text().splitlines()
    assert len(command) == 2 and "colours@v0001" in command[1] and "--lr 0.001" in command[1]
    kept = page.evaluate("sessionStorage.getItem('digits.new-job?clone=finished')")
    assert json.loads(kept)["rates"] == "0.002, 0.001"


def test_a_rate_is_looked_for_in_the_background_found_again_after_a_reload_and_taken_over(home, server, page):
    page.goto(f"{server}/jobs/new?clone=finished")
    page.get_by_text("Ready.").wait_for()
    page.get_by_role("button", name="Find a rate").click()
    page.get_by_role("link", name="rate-colours").wait_for()
    page.wait_for_function("sessionStorage.getItem('digits.new-job?clone=finished').includes('rate-colours')")
    page.reload()
    use = page.get_by_role("button", name=re.compile(r"^Use \d"))
    use.wait_for()
    found = Digits(home).result("rate-colours")
    page.get_by_role("img", name=f"Loss at each rate: lowest at {found.lowest:.2g}, {found.rate:g} is taken").wait_for()
    use.click()
    page.wait_for_function(
        "rate => document.querySelector('input[aria-label=\"Learning rate\"]').value === rate", arg=f"{found.rate:g}"
    )
    assert page.get_by_label("Decay", exact=True).input_value() == "2e-05"


def test_the_form_can_be_used_while_a_backend_is_still_being_asked(home, server, page, tmp_path):
    slow, answers = tmp_path / "python", tmp_path / "answers"
    slow.write_text(f'#!/bin/sh\nuntil [ -e {answers} ]; do sleep 0.1; done\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    (home / "settings.yaml").write_text(f"interpreters: {{numpy: {slow}}}\n")
    page.goto(f"{server}/jobs/new?dataset=colours")
    card = page.get_by_role("radio", name=re.compile("^numpy"))
    card.get_by_text("Being asked").wait_for()
    page.get_by_role("radio", name=re.compile("^torch")).get_by_text("solvers").wait_for()
    page.get_by_text("Ready.").wait_for()
    card.click()
    page.get_by_text("Backend numpy is still being asked").wait_for()
    assert page.get_by_role("button", name="Train", exact=True).is_enabled()
    for device in ("cpu:0", "cpu:1"):
        page.get_by_role("button", name=device).click()
    answers.touch()
    card.get_by_text("trains on one device").wait_for()
    page.get_by_text("Backend numpy trains on one device, found 2").first.wait_for()


def newest_curve(page):
    """The values of the only curve of the chart of the learning rate."""
    chart = page.get_by_role("img", name=re.compile("^Learning rate: "))
    id = int(chart.get_attribute("id").removeprefix("c"))
    return page.evaluate("id => getElement(id).chart.getOption().series[1].data.map(point => point[1])", id)


def policies_have_curves_of_their_own(page):
    drops = newest_curve(page)
    assert len(set(drops)) == 4 and drops[0] == 0.01
    for policy, newest in (("cosine", "^Learning rate: 0.01 0$"), ("fixed", "^Learning rate: 0.01 0.01$")):
        page.get_by_label("Policy", exact=True).click()
        page.get_by_role("option", name=policy, exact=True).click()
        page.get_by_role("img", name=re.compile(newest)).wait_for()
        falls = [after <= before for before, after in itertools.pairwise(newest_curve(page))]
        assert all(falls) and len(set(newest_curve(page))) == (101 if policy == "cosine" else 1)
    page.get_by_label("Learning rate", exact=True).fill("0.5, 0.25")
    page.get_by_role("img", name="Learning rate: 0.5 0.5, 0.25 0.25").wait_for()
    page.get_by_label("Learning rate", exact=True).fill("")


def devices_are_asked_for_by_number_or_by_name(page):
    page.get_by_label("Devices", exact=True).and_(page.get_by_role("combobox")).click()
    page.get_by_role("option", name="the next 2 CPU devices").click()
    page.get_by_text("2 processes share each batch.").wait_for()
    page.locator(".digits-code", has_text="--devices cpu:2").wait_for(state="attached")
    page.get_by_role("button", name="cpu:1").click()
    page.locator(".digits-code", has_text="--devices cpu:1-1").wait_for(state="attached")
    page.get_by_role("button", name="cpu:1", pressed=True).click()
    page.get_by_text("Or choose devices by a click each:").wait_for()


def the_editor_completes(page):
    editor, offered = page.locator(".cm-content"), page.locator(".cm-tooltip-autocomplete")
    editor.fill("name: mine\nlayers:\n  - ")
    editor.press("Control+End")
    editor.press_sequentially("{name: pool1, op: max_")
    offered.get_by_text("max_pool").click()
    editor.press_sequentially(", ker")
    offered.get_by_text("kernel", exact=True).click()
    editor.press_sequentially("2, stride: 2, inputs: [in")
    offered.get_by_text("input", exact=True).click()
    eventually(editor).to_contain_text("{name: pool1, op: max_pool, kernel: 2, stride: 2, inputs: [input]}")


def test_the_form_shows_what_is_chosen_and_begins_from_what_was_trained(home, server, page):
    page.goto(f"{server}/jobs/new?dataset=colours")
    page.get_by_text("Ready.").wait_for()
    policies_have_curves_of_their_own(page)
    devices_are_asked_for_by_number_or_by_name(page)

    page.get_by_role("tab", name="Previous").click()
    page.get_by_label("Job", exact=True).click()
    page.get_by_role("option", name="finished · lenet on colours · done").click()
    page.get_by_text("Ready.").wait_for()
    page.get_by_role("button", name="Customise").and_(page.locator(":visible")).click()
    page.locator(".cm-content").get_by_text("conv1").first.wait_for()
    the_editor_completes(page)

    page.get_by_role("tab", name="Pretrained").click()
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name=re.compile("^finished · lenet on colours · .* right$")).click()
    page.get_by_text(re.compile("^[1-9] loaded$")).wait_for()
    page.get_by_label("Epochs", exact=True).fill("1")
    page.locator(".digits-code", has_text="--from finished@best").wait_for(state="attached")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/jobs/*lenet*")
    page.locator("[data-state=done]").wait_for()
    made = Digits(home).jobs()[-1]
    assert Digits(home).job(made.job).start.model.startswith("finished@")
