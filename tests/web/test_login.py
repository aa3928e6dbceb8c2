"""Logging in and out in a real browser, below a prefix."""

import re

import pytest

from digits_web.access.accounts import Accounts
from digits_web.access.person import Role
from tests.web.conftest import context_of, serving

pytestmark = pytest.mark.slow


def test_somebody_logs_in_where_they_wanted_to_go_and_out_again(chromium, home):
    Accounts(home / "server").add("ada", Role.ADMIN, "correct horse")
    with serving(home, "--accounts", "--prefix", "/box") as address, context_of(chromium) as profile:
        tab, complaints = profile.new_page(), []
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{address}/about")
        for password in ("wrong one", "correct horse"):
            tab.get_by_label("Name").fill("ada")
            tab.get_by_label("Password").fill(password)
            with tab.expect_navigation():
                tab.keyboard.press("Enter")
            assert tab.get_by_role("alert").count() == (password == "wrong one")
        tab.get_by_role("heading", name="About").wait_for()
        assert tab.url == f"{address}/about"
        tab.get_by_role("link", name="Settings").click()
        tab.get_by_role("heading", name="Settings").first.wait_for()
        assert tab.url == f"{address}/settings"
        tab.get_by_label("Account").click()
        tab.get_by_text("Log out").click()
        tab.wait_for_url(re.compile("/box/login$"))
        tab.goto(f"{address}/")
        tab.get_by_label("Password").wait_for()
        assert not complaints
