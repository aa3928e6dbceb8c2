"""What every group of tests shares: a home of its own, and skips that say why."""

import pytest

from digits_core.hooks.registry import discover


def pytest_runtest_setup(item):
    for marker in item.iter_markers("backend"):
        if marker.args[0] not in discover().backends.available():
            pytest.skip(f"backend {marker.args[0]} is not installed here")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty DIGITS home, so that no test sees the user's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DIGITS_HOME", str(folder))
    return folder
