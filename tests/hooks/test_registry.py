"""Discovery is guarded: broken plugins are listed, the others work."""

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest

from digits_core.cli.main import run
from digits_core.errors import NameUnknown, PluginConflict, PluginMissing
from digits_core.hooks.registry import collect, discover

PLUGIN = """
from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl

@hookimpl
def digits_backends():
    return [Entry({name!r}, {target!r}, "A backend.", needs={needs!r}, extra={extra!r}, api={api})]
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Makes an entry point to a plugin module with the given text."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(module, text=None, name="mine", target="digits_numpy.backend:NumpyBackend", needs=(), extra="", api=1):
        text = text or PLUGIN.format(name=name, target=target, needs=needs, extra=extra, api=api)
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, module, raising=False)
        return EntryPoint(module, module, "digits.plugins")

    return make


def test_what_this_distribution_ships_is_found_and_whole():
    plugins = discover()
    assert plugins.broken == ()
    assert {"numpy", "torch", "jax", "tensorflow"} <= set(plugins.backends.names())
    assert "lenet" in plugins.network_families.names()
    assert {"folder", "list", "idx"} <= set(plugins.dataset_sources.names())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise RuntimeError('at import')", "at import"),
        ("def broken(:", "SyntaxError"),
        ("from digits_core.hooks import hookimpl\n@hookimpl\ndef digits_backends(): return 1 / 0", "ZeroDivisionError"),
        ("from digits_core.hooks import hookimpl\n@hookimpl\ndef digits_backends(): return ['torch']", "API 1"),
        ("from digits_core.hooks import hookimpl\n@hookimpl\ndef digits_backends(no_such): return []", "no_such"),
        (PLUGIN.format(name="odd", target="m:X", needs=("a.b",), extra="", api=1), "top-level packages"),
        (PLUGIN.format(name="odd", target="m:X", needs="torch", extra="", api=1), "as a tuple"),
        (PLUGIN.format(name=7, target="m:X", needs=(), extra="", api=1), "expected texts"),
    ],
)
def test_a_broken_plugin_is_listed_with_reason_and_remedy_and_the_rest_work(plugin, text, reason):
    plugins = collect([plugin("broken_plugin", text), plugin("good_plugin")])
    assert plugins.backends.names() == ("mine",)
    assert plugins.backends.get("mine").name == "numpy"
    (broken,) = plugins.broken
    assert broken.plugin == "broken_plugin"
    assert reason in broken.reason
    assert "pip" in broken.remedy


def test_the_remedy_of_a_broken_plugin_names_what_was_installed_and_not_its_entry_point(plugin):
    ours = next(point for point in entry_points(group="digits.plugins") if point.name == "numpy")
    text = "from digits_core.hooks import hookimpl\n@hookimpl\ndef digits_{}(): return 1 / 0"
    points = [plugin("failing_plugin", text.format("backends")), plugin("unimportable_plugin", "import no_such_module")]
    for broken in collect([point._for(ours.dist) for point in points]).broken:
        assert broken.distribution == "digits"
        assert broken.remedy.endswith("pip uninstall digits")


def test_a_plugin_for_another_version_of_the_contracts_is_broken(plugin):
    assert "API 1" in collect([plugin("old_plugin", api=0)]).broken[0].reason


def test_an_unknown_name_shows_close_matches(plugin):
    with pytest.raises(NameUnknown, match="Did you mean mine"):
        collect([plugin("good_plugin")]).backends.get("mien")


def test_a_name_with_two_owners_is_an_error_that_names_both(plugin):
    plugins = collect([plugin("one_plugin"), plugin("other_plugin")])
    with pytest.raises(PluginConflict, match="one_plugin and other_plugin"):
        plugins.backends.get("mine")
    assert plugins.backends.available() == ()


def test_what_is_not_installed_says_how_to_install_it(plugin):
    plugins = collect([plugin("needy_plugin", needs=("no_such_package",), extra="torch")])
    assert plugins.backends.available() == ()
    with pytest.raises(PluginMissing, match=r"no_such_package.*pip install 'digits\[torch\]'"):
        plugins.backends.get("mine")


@pytest.mark.parametrize("target", ["no_such_module:X", "digits_numpy.backend:Nothing", "digits_core.errors:Problem"])
def test_a_target_that_is_not_what_it_says_is_refused(plugin, target):
    with pytest.raises(PluginMissing):
        collect([plugin("lying_plugin", target=target)]).backends.get("mine")


def test_what_is_installed_and_cannot_be_imported_says_what_to_reinstall(plugin):
    plugins = collect([plugin("odd_plugin", target="no_such_module:X", needs=("numpy",))])
    with pytest.raises(PluginMissing, match=r"cannot be imported.*pip install --force-reinstall numpy"):
        plugins.backends.get("mine")


def test_asking_for_names_imports_no_backend():
    import subprocess

    code = (
        "import sys; from digits_core.hooks.registry import discover; "
        "p = discover(); p.backends.names(); p.backends.available(); "
        "sys.exit(bool({'torch', 'jax', 'tensorflow', 'flax'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


COMMAND = """
import typer
from digits_core.contracts.command import Command
from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl

class Hello(Command):
    def app(self):
        app = typer.Typer()
        app.command("hello")(lambda: print("hello"))
        return app

@hookimpl
def digits_extend_cli():
    return [Entry("hello", "{target}", "Says hello.", needs={needs}), Entry("job", "nowhere:Job", "Not ours.")]
"""


@pytest.mark.parametrize(
    ("target", "needs", "status", "said"),
    [
        ("greeting:Hello", (), 0, "hello"),
        ("greeting:Missing", (), 2, "cannot be imported"),
        ("greeting:hookimpl", (), 2, "subclass of Command"),
        ("greeting:Hello", ("no_such",), 2, "pip install no_such"),
    ],
)
def test_a_plugin_brings_a_command_and_takes_none_of_the_core(plugin, monkeypatch, capsys, target, needs, status, said):
    brought = collect([plugin("greeting", COMMAND.format(target=target, needs=needs))])
    monkeypatch.setattr("digits_core.service.commands.discover", lambda: brought)
    assert run(["hello"]) == status
    assert said in "".join(capsys.readouterr())
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert "Says hello." in text and "Not ours." not in text
    assert run(["job", "list"]) == 0


def test_the_help_imports_nothing_of_what_commands_stand_on():
    heavy = ("pydantic", "numpy", "fastapi", "nicegui", "digits_web.commands")
    code = (
        f"import sys, digits_core.cli.main as cli; cli.run(['--help']); print([n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "serve" in done.stdout and done.stdout.endswith("[]\n")
