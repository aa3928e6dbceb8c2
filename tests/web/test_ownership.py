"""Who may change what: the API and the pages refuse the same people."""

import httpx
import pytest

from digits_core.service.digits import Digits
from digits_web.access.accounts import Accounts
from digits_web.access.person import Role
from digits_web.access.sessions import Sessions
from tests.web.conftest import context_of, eventually, serving

PASSWORD = "long enough for all"
#: Everybody, and what they may do to what is ed's.
PEOPLE = {"vera": Role.VIEWER, "otto": Role.EDITOR, "ed": Role.EDITOR, "ada": Role.ADMIN}
CHANGES = {"action": "relabel", "classes": {"red": "crimson"}}
#: What the owner and admins may do, in an order that leaves what the next one needs, with the status of success.
OWNED = (
    ("PATCH", "jobs/finished", {"tags": ["mine"]}, 200),
    ("POST", "jobs/finished/pause", None, 409),
    ("POST", "jobs/finished/resume", None, 409),
    ("POST", "jobs/finished/abort", None, 409),
    ("PATCH", "datasets/colours", {"description": "red, green, blue"}, 200),
    ("POST", "datasets/colours/versions", {"change": CHANGES}, 201),
    ("POST", "datasets/colours/versions", {"change": {"action": "exclude", "classes": ["green"]}}, 201),
    ("POST", "datasets/colours/versions", {"change": {"action": "select", "classes": ["blue", "crimson"]}}, 201),
    ("POST", "datasets/colours/versions", {"change": {"action": "append", "paths": ["upload:0"]}}, 422),
    ("DELETE", "jobs/finished", None, 200),
    ("DELETE", "datasets/colours", None, 200),
    ("POST", "trash/dataset-colours/restore", None, 200),
    ("POST", "trash/job-finished/restore", None, 200),
)


@pytest.fixture
def owned(trained, home):
    """A home with everybody's account, in which the dataset and the job are ed's; returns everybody's tokens."""
    digits, accounts = Digits(home), Accounts(home / "server")
    digits.describe_dataset("colours", owner="ed")
    digits.describe_job("finished", owner="ed")
    for name, role in PEOPLE.items():
        accounts.add(name, role, PASSWORD)
    sessions = Sessions(accounts.folder)
    return {name: sessions.begin(name, accounts.get(name).stamp, 1) for name in PEOPLE}


def test_only_owners_and_admins_change_a_thing_and_only_editors_make_one(owned, home):
    with serving(home, "--accounts") as address:
        clients = {
            name: httpx.Client(base_url=f"{address}/api/v1/", timeout=200, headers={"authorization": f"Bearer {token}"})
            for name, token in owned.items()
        }

        def statuses(method, path, body, people):
            return [clients[name].request(method, path, json=body).status_code for name in people]

        for method, path, body, status in OWNED:
            assert statuses(method, path, body, ("vera", "otto", "ed")) == [403, 403, status], (method, path)
            if method != "DELETE" and "restore" not in path:  # That is done only once.
                assert statuses(method, path, body, ("ada",)) != [403], (method, path)
        network = {"dataset": "colours", "network": "lenet", "epochs": -1}
        for path, body in (("jobs", network), ("datasets", {"name": "x", "paths": []}), ("uploads", None)):
            assert statuses("POST", path, body, PEOPLE) == [403, 422, 422, 422], path
        assert statuses("DELETE", "trash?older_than_days=9", None, PEOPLE) == [403, 403, 403, 200]
        for client in clients.values():
            client.close()


@pytest.mark.slow
def test_a_page_says_what_is_not_for_whom_and_refuses_what_they_send_all_the_same(owned, home, chromium):
    with serving(home, "--accounts") as address, context_of(chromium) as profile:
        tab = profile.new_page()
        tab.goto(f"{address}/jobs/finished")
        tab.get_by_label("Name").fill("vera")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.keyboard.press("Enter")
        discard = tab.get_by_role("button", name="Discard")
        discard.wait_for()
        for button in (discard, tab.get_by_role("button", name="Edit"), tab.get_by_role("button", name="Clone")):
            assert (
                button.is_disabled() and button.get_attribute("title") == "This takes the role editor; yours is viewer."
            )
        tab.goto(f"{address}/datasets/colours")
        for name in ("Move to the trash", "Train on this"):
            eventually(tab.get_by_role("button", name=name)).to_be_disabled()
        tab.goto(address)
        tab.get_by_role("checkbox").nth(1).click()
        tab.get_by_role("button", name="Move to trash").click()
        tab.get_by_text("takes the role editor, and vera is viewer").wait_for()
        tab.goto(f"{address}/datasets/new")
        tab.get_by_text("takes the role of an editor").wait_for()
    digits = Digits(home)
    assert [job.job for job in digits.jobs()] == ["finished"] and not digits.trash()
