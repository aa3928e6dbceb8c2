"""Datasets in a real browser: made of a folder, looked at, mended; and uploads that go wrong."""

import json
import re
import shutil
from urllib.parse import quote

import httpx
import pytest

from digits_core.errors import AccessDenied
from digits_core.service.digits import Digits
from digits_web.parts.folders import look_into
from tests.conftest import write_pictures
from tests.web.conftest import audited, eventually, serving


@pytest.fixture
def server(home, pictures):
    """The address of a server that may read the folder of pictures."""
    with serving(home, "--root", str(pictures)) as address:
        yield address


def choose(page, label, option):
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def describe_and_discard(page):
    """Give the dataset that is shown a note, put it into the trash, and take it out again."""
    page.get_by_role("button", name="Add notes and tags").click()
    page.get_by_label("Notes").fill("Three colours.")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Three colours.").wait_for()
    page.get_by_role("button", name="Move to the trash").click()
    page.get_by_text("colours is in the trash").wait_for()
    assert Digits().datasets() == ()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("30 pictures").wait_for()
    assert Digits().about_dataset("colours").description == "Three colours."


@pytest.mark.slow
def test_a_dataset_is_made_of_a_folder_and_mended(home, server, page, pictures):
    page.goto(f"{server}/datasets/new")
    page.get_by_label("Name", exact=True).fill("my colours")
    page.get_by_role("button", name="Browse").click()
    page.get_by_text("3 folders, 0 files").wait_for()
    page.get_by_role("button", name="Take this folder").click()
    page.get_by_label("Width, pixels").fill("16")
    page.get_by_label("Height, pixels").fill("16")
    page.get_by_text("letters, digits").wait_for()  # The name is refused beside its field ...
    eventually(page.get_by_role("button", name="Create dataset")).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("colours")
    page.get_by_text("27", exact=True).wait_for()  # ... and what would be found is told all the same.
    crop = page.get_by_role("button", name="Resize by crop")
    crop.click()
    page.wait_for_function("document.querySelectorAll('.digits-modes img').length == 4")
    page.wait_for_function("[...document.querySelectorAll('.digits-modes img')].every(i => i.naturalWidth == 16)")
    page.wait_for_url(re.compile("crop"))
    page.reload()  # What was typed is still there.
    page.locator("[aria-pressed=true]", has_text="crop").wait_for()
    page.get_by_role("button", name="Create dataset").click()
    page.wait_for_url(f"{server}/datasets/colours")
    page.get_by_text("27 pictures").wait_for()
    assert Digits().dataset("colours").spec.resize == "crop"

    tiles = page.locator(".digits-tile")
    eventually(tiles).to_have_count(27)
    page.wait_for_function("[...document.querySelectorAll('.digits-tile img')].slice(0, 3).every(i => i.naturalWidth)")
    page.goto(f"{server}/datasets/colours?split=val&label=red")
    page.get_by_text("3 pictures").wait_for()
    tiles.nth(1).click()
    page.get_by_text("1 chosen").wait_for()
    key = tiles.nth(1).locator("span").nth(1).inner_text()
    choose(page, "Another class", "blue")
    page.get_by_role("button", name="Relabel").click()
    page.wait_for_url(f"{server}/datasets/colours@v0002")
    item = Digits().dataset("colours")
    assert (item.version, {count.name: count.val for count in item.classes}) == (
        "v0002",
        {"blue": 4, "green": 3, "red": 2},
    )
    assert key in {item.key for item in Digits().gallery("colours", split="val", label="blue").items}
    page.get_by_role("tab", name="Versions (2)").click()
    page.get_by_text(re.compile("^relabel: ")).wait_for()
    write_pictures(pictures, ("violet",), each=4)
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("button", name="Take this folder").click()
    page.get_by_role("button", name="Add them").click()
    page.wait_for_url(f"{server}/datasets/colours@v0003")
    assert (Digits().job("version-colours").asked, len(Digits().dataset("colours").classes)) == ("append", 4)
    describe_and_discard(page)
    actions = [line["action"] for line in audited(home, 6)]
    done = [f"{done} dataset" for done in ("create", "change", "describe", "discard", "restore")]
    assert actions == [*done[:2], "create version job", *done[2:]]
    page.goto(f"{server}/datasets/nothing")
    page.get_by_text("There is no dataset nothing").wait_for()


@pytest.mark.slow
def test_a_zip_becomes_a_dataset_and_what_is_none_is_refused(home, server, page, pictures, tmp_path):
    archive = shutil.make_archive(tmp_path / "colours", "zip", pictures)
    broken = tmp_path / "broken.zip"
    broken.write_bytes((tmp_path / "colours.zip").read_bytes()[:2000])
    page.goto(f"{server}/datasets/new")
    field = page.locator("input[type=file]")
    field.set_input_files(broken)
    page.get_by_text("broken.zip is no zip archive, or a damaged one").wait_for()
    assert not list((home / "uploads").iterdir())
    field.set_input_files(archive)
    page.get_by_text("colours.zip (36 files)").wait_for()
    page.get_by_text("27", exact=True).wait_for()
    page.locator(".digits-modes img").first.wait_for()
    page.get_by_label("Name", exact=True).fill("brought")
    page.get_by_role("button", name="Create dataset").click()
    page.get_by_text("27 pictures").wait_for()
    page.get_by_role("cell", name="colours.zip", exact=True).wait_for()


@pytest.mark.slow
def test_previews_stay_within_roots(server, tmp_path):
    asked = quote(json.dumps({"paths": [str(tmp_path)]}))
    answer = httpx.get(f"{server}/datasets/new/picture?number=0&request={asked}")
    assert (answer.status_code, "not in a folder that this server may read" in answer.text) == (422, True)


def test_folders_are_looked_into_within_roots_only(pictures, tmp_path):
    (pictures / "way-out").symlink_to(tmp_path)
    (pictures / ".hidden").mkdir()
    (pictures / "list.txt").write_text("")
    seen = look_into(pictures, [pictures])
    assert (seen.folders, seen.offered, seen.files) == (("blue", "green", "red", "way-out"), ("list.txt",), 1)
    for path in (tmp_path, pictures / "..", pictures / "way-out", "relative"):
        with pytest.raises(AccessDenied):
            look_into(path, [pictures])
