"""Settings and About in a real browser: the trash, and how the installation is."""

import pytest

from digits_core.service.digits import Digits
from tests.web.conftest import audited, eventually, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def server(trained, home, tmp_path):
    """The address of a server of an installation whose frameworks are all damaged."""
    for name in ("jax", "tensorflow", "torch"):
        (tmp_path / "damaged" / name).mkdir(parents=True)
        (tmp_path / "damaged" / name / "__init__.py").write_text('raise ImportError("a file is missing")')
    with serving(home, PYTHONPATH=str(tmp_path / "damaged")) as address:
        yield address


def test_the_trash_is_emptied_after_a_question_and_the_doctor_tells_what_is_amiss(home, server, page):
    digits = Digits(home)
    page.goto(f"{server}/settings")
    page.get_by_text("The trash is empty.").wait_for()
    page.get_by_role("row", name="Folder").get_by_text(str(home)).wait_for()
    digits.discard_job("finished")
    digits.discard_dataset("colours")
    page.reload()
    trash = page.get_by_role("table", name="Trash")
    trash.get_by_role("row", name="finished job just now").wait_for()
    page.get_by_role("button", name="Restore dataset colours").click()
    trash.get_by_role("row", name="colours").wait_for(state="detached")
    assert digits.dataset("colours").name == "colours"
    for answer in ("Keep", "Delete"):
        assert [thing.name for thing in digits.trash()] == ["finished"]
        page.get_by_role("button", name="Delete all for good").click()
        page.get_by_role("dialog").get_by_role("button", name=answer, exact=True).click()
        page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_text("The trash is empty.").wait_for()
    assert not digits.trash() and not digits.jobs()
    assert [line["action"] for line in audited(home, 2)] == ["restore", "empty trash"]

    page.get_by_role("link", name="About").click()
    page.get_by_role("row", name="Version").first.wait_for()
    page.get_by_role("button", name="Examine this installation").click()
    page.get_by_text("Something needs a hand.").wait_for()
    checks = page.get_by_role("table", name="Checks")
    eventually(checks.get_by_role("row", name="numpy well")).to_have_count(1)
    ill = checks.get_by_role("row", name="torch amiss")
    eventually(ill).to_contain_text("a file is missing")
