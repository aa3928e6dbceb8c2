"""What backends claim on this machine: each is asked in a process of its own, once, and the answers are remembered.

The answers lie in ``cache/backends.json`` of the home, each with what it depends on: packages as they are installed,
the interpreter, and which GPUs may be seen.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import Field, ValidationError

from digits_core.disk import make_folder, write_file
from digits_core.errors import StorageUnusable
from digits_core.graph.native import NATIVE
from digits_core.hooks.registry import OwnedEntry, Plugins
from digits_core.service.choices import PREFERRED_BACKENDS
from digits_core.service.trial import TrialReport, ask
from digits_core.service.views.choices import BackendView
from digits_core.spec.model import Spec
from digits_core.store.home import Home
from digits_core.store.settings import read_settings

#: How long an answer is remembered, and how long that there was none: a repaired framework is to be seen soon.
GOOD_S, BAD_S = 86_400.0, 120.0


class Remembered(Spec):
    """An answer."""

    depends: tuple[str, ...]
    """What it depends on."""
    asked: float
    """When it was asked, seconds since the epoch."""
    report: TrialReport
    """The answer."""

    def holds(self, depends: tuple[str, ...]) -> bool:
        """Whether it need not be asked again."""
        patience = BAD_S if self.report.problem else GOOD_S
        return self.depends == depends and 0 <= time.time() - self.asked < patience


class Memory(Spec):
    """Answers by the names of backends."""

    backends: dict[str, Remembered] = Field(default_factory=dict)


def backend_views(home: Home, plugins: Plugins) -> tuple[BackendView, ...]:
    """Every backend; those that nobody has asked are asked now, side by side, which takes seconds.

    Args:
        home: Where answers are remembered, and whose settings name interpreters.
        plugins: Which backends there are.
    """
    interpreters = read_settings(home).interpreters
    owned = {entry.entry.name: entry for entry in plugins.backends.entries()}
    asked = {name: entry for name, entry in owned.items() if name in interpreters or not entry.missing}
    reports = _reports(home, asked, interpreters)
    formats = _formats(plugins)
    views = [
        _view(entry, reports.get(name), interpreters.get(name), formats.get(entry.plugin, ()))
        for name, entry in owned.items()
    ]
    return tuple(sorted(views, key=lambda view: (_rank(view.name), view.name)))


def _reports(home: Home, entries: Mapping[str, OwnedEntry], interpreters: Mapping[str, str]) -> dict[str, TrialReport]:
    path = home.path / "cache" / "backends.json"
    before = _read(path).backends
    depends = {name: _depends(entry, interpreters.get(name, "")) for name, entry in entries.items()}
    known = {name: before[name] for name in entries if name in before and before[name].holds(depends[name])}
    missing = entries.keys() - known.keys()
    if missing:
        with ThreadPoolExecutor() as pool:
            answers = pool.map(lambda name: ask(entries[name], interpreters.get(name)), missing)
        for name, report in zip(missing, answers, strict=True):
            known[name] = Remembered(depends=depends[name], asked=time.time(), report=report)
        with contextlib.suppress(StorageUnusable, OSError):  # They are asked again, then.
            make_folder(path.parent)
            write_file(path, Memory(backends=known).model_dump_json())
    return {name: remembered.report for name, remembered in known.items()}


def _read(path: Path) -> Memory:
    try:
        return Memory.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Memory()


def _depends(entry: OwnedEntry, interpreter: str) -> tuple[str, ...]:
    """What an answer depends on, without a package being imported."""
    packages = () if interpreter else (_installed(need) for need in entry.entry.needs)
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return (importlib.metadata.version("digits"), entry.entry.target, interpreter, seen, *packages)


def _installed(package: str) -> str:
    spec = importlib.util.find_spec(package)
    origin = Path(spec.origin) if spec and spec.origin else None
    return f"{origin} {origin.stat().st_mtime_ns}" if origin and origin.exists() else package


def _formats(plugins: Plugins) -> dict[str, tuple[str, ...]]:
    """Export formats that can be written here, by the plugin that brings them."""
    found: dict[str, tuple[str, ...]] = {}
    for name in plugins.exporters.available():
        plugin = plugins.exporters.entry(name).plugin
        found[plugin] = (*found.get(plugin, ()), name)
    return found


def _view(
    owned: OwnedEntry, report: TrialReport | None, interpreter: str | None, exports: tuple[str, ...]
) -> BackendView:
    name, summary = owned.entry.name, owned.entry.summary
    if report is None:
        problem = f"{', '.join(owned.missing)} is not installed."
        return BackendView(name=name, summary=summary, available=False, problem=problem, remedy=owned.remedy)
    return BackendView(
        name=name,
        summary=summary,
        available=not report.problem,
        problem=report.problem,
        remedy=report.remedy,
        devices=report.devices,
        **report.claims.model_dump(),
        native=NATIVE in report.claims.ops,
        exports=exports,
        versions=report.packages,
        interpreter=interpreter,
    )


def _rank(name: str) -> int:
    return PREFERRED_BACKENDS.index(name) if name in PREFERRED_BACKENDS else len(PREFERRED_BACKENDS)
