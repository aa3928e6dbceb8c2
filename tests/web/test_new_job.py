"""The page of a new model in a real browser."""

import json
import re
import shutil
import sys
import time

import pytest

from digits_core.service.digits import Digits

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


def _until(look, wanted, seconds=60):
    """Look again and again, until it is as wanted."""
    deadline = time.monotonic() + seconds
    while (seen := look()) not in wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert seen in wanted, seen


@pytest.mark.backend("torch")
def test_a_network_of_ones_own_is_mended_drawn_and_trained_on_two_devices(home, server, page):
    page.goto(f"{server}/jobs/new?dataset=colours")
    page.get_by_role("tab", name="Custom").click()
    editor = page.locator(".cm-content")
    editor.get_by_text("conv1").wait_for()
    editor.fill(MINE)
    mistake = page.locator(".digits-mistake", has_text="Line 6")
    mistake.get_by_text("max_poool").wait_for()
    assert page.locator(".digits-wrong-line").inner_text().strip().startswith("- {name: pool1")
    train = page.get_by_role("button", name="Train", exact=True)
    assert train.is_disabled()

    editor.fill(MINE.replace("max_poool", "max_pool"))
    page.get_by_text(re.compile("^mine: .* parameters")).wait_for()
    assert mistake.count() == 0
    page.get_by_role("button", name="Visualize").click()
    page.locator(".digits-drawing svg text", has_text="pool1").first.wait_for()
    page.get_by_role("cell", name="max_pool").wait_for()

    page.get_by_label("Epochs", exact=True).fill("1")
    page.get_by_label("Batch size").fill("9")
    page.get_by_label("Name", exact=True).fill("two")
    page.get_by_role("radio", name=re.compile("^torch")).click()
    for device in ("cpu:0", "cpu:1"):
        page.get_by_role("button", name=device).click()
    page.wait_for_function("() => Object.values(sessionStorage).some(kept => /two/.test(kept) && /cpu:0,1/.test(kept))")
    page.reload()
    page.get_by_text("Ready.").wait_for()
    assert "max_pool" in page.locator(".cm-content").inner_text()
    assert page.get_by_label("Name", exact=True).input_value() == "two"

    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/jobs/two")
    digits = Digits(home)
    _until(lambda: digits.job("two").state, ("done",))
    view = digits.job("two")
    assert (view.network, view.devices, view.backend) == ("mine", ("cpu:0", "cpu:1"), "torch")
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
