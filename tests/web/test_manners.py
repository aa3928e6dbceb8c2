"""How pages behave whoever reads them: contrast, keyboard, light and dark, time zones."""

import json
import shutil
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from digits_core.service.digits import Digits
from tests.web.conftest import FOREIGN, context_of

pytestmark = pytest.mark.slow

PAGES = (
    *("/", "/?tab=datasets", "/compare", "/compare?jobs=finished", "/plugins", "/settings", "/about"),
    *("/datasets/new", "/datasets/colours", "/jobs/new?dataset=colours&network=lenet"),
    *("/models", "/models/new", "/models/zoo", "/models/zoo?tab=use", "/models/zoo?tab=take", "/archives"),
    *(f"/jobs/finished?tab={tab}" for tab in ("training", "log", "use", "take")),
)
#: Levels A and AA of the Web Content Accessibility Guidelines 2.2.
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def furnished(trained, foreign, claims, home):
    """The home has a dataset, a job, an imported model, and what backends claim."""
    shutil.copytree(claims, home / "cache", dirs_exist_ok=True)
    Digits(home).import_model({"name": "zoo", "paths": [foreign / name for name in FOREIGN]})


def test_every_page_is_accessible_in_light_and_dark(furnished, server, chromium):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed here").Axe()
    found = []
    for scheme in ("light", "dark"):
        # So high that nothing that stays in view while one scrolls lies over anything else.
        high = {"width": 1280, "height": 3000}
        context = context_of(chromium, color_scheme=scheme, reduced_motion="reduce", viewport=high)
        tab = context.new_page()
        for path in PAGES:
            tab.goto(server + path)
            tab.get_by_role("heading", level=1).wait_for()
            if path.startswith("/jobs/new"):
                tab.get_by_text("Ready.").wait_for()
            tab.wait_for_timeout(300)  # Colours follow the mode a moment later.
            options = {"runOnly": {"type": "tag", "values": LEVELS}}
            for rule in axe.run(tab, options=options).response["violations"]:
                found += [f"{scheme} {path}: {rule['help']}: {node['html'][:200]}" for node in rule["nodes"]]
        context.close()
    assert not found, "\n".join(found)


def test_dark_is_chosen_once_and_remembered(server, page):
    page.emulate_media(color_scheme="light")
    page.goto(server)
    page.locator("body.body--light").wait_for()
    page.get_by_role("button", name="Light or dark").click()
    page.locator("body.body--dark").wait_for()
    page.goto(f"{server}/about")
    page.locator("body.body--dark").wait_for()


def test_a_phone_has_the_whole_menu_and_nothing_sticks_out(furnished, server, page):
    page.set_viewport_size({"width": 390, "height": 800})
    for path in PAGES:
        page.goto(server + path)
        page.get_by_role("heading", level=1).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Plugins").click()
    page.get_by_role("heading", name="Plugins").wait_for()


def test_the_keyboard_reaches_the_content_first(server, page):
    page.goto(server)
    page.get_by_role("heading", name="Home").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"


def test_readers_everywhere_see_the_same_moment_in_their_own_zone(trained, home, server, chromium):
    request = home / "jobs" / "finished" / "job.json"
    created = "2026-01-15T03:30:00+00:00"
    request.write_text(json.dumps({**json.loads(request.read_text()), "created": created}))
    digits = Digits(home)
    digits.reindex()
    zones = {"Asia/Tokyo": "15/01/2026, 12:30:00", "America/New_York": "14/01/2026, 22:30:00"}
    for zone, words in zones.items():
        with context_of(chromium, timezone_id=zone, locale="en-GB") as profile:
            tab = profile.new_page()
            for path in ("/", "/jobs/finished"):
                tab.goto(server + path)
                shown = tab.locator(f"time[datetime='{created}']")
                shown.get_by_text(words).wait_for()
            digits.discard_job("finished")
            tab.goto(f"{server}/settings")
            moved = tab.get_by_role("row", name="finished").get_by_role("time")
            ago = moved.get_by_text("just now")
            ago.wait_for()
            wanted = datetime.fromisoformat(moved.get_attribute("datetime")).astimezone(ZoneInfo(zone))
            assert moved.get_attribute("title") == wanted.strftime("%d/%m/%Y, %H:%M:%S")
            tab.get_by_role("button", name="Restore job finished").click()
            tab.get_by_text("The trash is empty.").wait_for()
