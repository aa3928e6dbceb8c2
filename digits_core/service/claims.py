"""What backends claim on this machine: each is asked in a process of its own, once, and the answers are remembered.

The answers lie in ``cache/backends.json`` of the home, each with what it depends on: packages as they are installed,
the interpreter, and which GPUs may be seen.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import Field, ValidationError

from digits_core.disk import make_folder, write_file
from digits_core.errors import DigitsError, StateConflict, StorageUnusable
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
#: Training goes before questions.
NICE = 10


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


class Claims:
    """What the backends of one home claim; safe to ask from several threads.

    Args:
        home: Where answers are remembered, and whose settings name interpreters.
        plugins: Which backends there are.
    """

    def __init__(self, home: Home, plugins: Plugins) -> None:
        self._home, self._plugins = home, plugins
        self._path = home.path / "cache" / "backends.json"
        self._owned = {owned.entry.name: owned for owned in plugins.backends.entries()}
        #: One at a time asks a backend; whoever wants to know it meanwhile waits for the same answer.
        self._turns = {name: threading.Lock() for name in self._owned}
        self._lock = threading.Lock()
        self._answers: dict[str, Remembered] = {}
        self._children: set[subprocess.Popen[str]] = set()
        self._ended = False

    def views(self, *, ask: bool = True) -> tuple[BackendView, ...]:
        """Every backend, the preferred ones first.

        Args:
            ask: Whether those that nobody has asked are asked now, side by side, which takes seconds; else they come
                without what they claim.
        """
        names = sorted(self._owned, key=lambda name: (_rank(name), name))
        known = [self._known(name) for name in names]
        if not ask or all(view.asked for view in known):
            return tuple(known)
        with ThreadPoolExecutor() as pool:
            return tuple(pool.map(self.view, names))

    def view(self, name: str, *, ask: bool = True) -> BackendView:
        """A backend.

        Args:
            name: Its name.
            ask: Whether it is asked now if nobody has, which takes seconds; else it comes without what it claims.

        Raises:
            NameUnknown: If there is no such backend.
            StateConflict: If `end` has been called before it answered.
        """
        self._plugins.backends.entry(name)
        if not ask:
            return self._known(name)
        with self._turns[name]:
            found = self._known(name)
            return found if found.asked else self._answer(name)

    def begin(self) -> None:
        """Have every backend that nobody has asked or is asking asked in the background; returns at once."""
        for view in self.views(ask=False):
            if not view.asked and not self._turns[view.name].locked():
                threading.Thread(target=self._quietly, args=(view.name,), daemon=True).start()

    def end(self) -> None:
        """Ask nothing any more, and end what is being asked."""
        with self._lock:
            self._ended = True
            for child in self._children:
                child.kill()

    def _quietly(self, name: str) -> None:
        with contextlib.suppress(DigitsError):  # Whoever wants to know it is told.
            self.view(name)

    def _known(self, name: str) -> BackendView:
        """What is known of a backend without asking it."""
        owned, interpreter = self._owned[name], self._interpreter(name)
        remembered = self._answers.get(name) or _read(self._path).backends.get(name)
        holds = remembered is not None and remembered.holds(_depends(owned, interpreter or ""))
        return self._view(owned, interpreter, remembered.report if remembered and holds else None)

    def _answer(self, name: str) -> BackendView:
        owned, interpreter = self._owned[name], self._interpreter(name)
        depends = _depends(owned, interpreter or "")
        report = self._ask(owned, interpreter)
        self._remember(name, Remembered(depends=depends, asked=time.time(), report=report))
        return self._view(owned, interpreter, report)

    def _ask(self, owned: OwnedEntry, interpreter: str | None) -> TrialReport:
        report = ask(owned, interpreter, self._begun)
        with self._lock:
            self._children = {child for child in self._children if child.returncode is None}
            if self._ended:
                raise StateConflict(f"Backend {owned.entry.name} was not asked to the end: whoever asked it has ended.")
        return report

    def _begun(self, child: subprocess.Popen[str]) -> None:
        with contextlib.suppress(OSError):  # It has ended, or is nicer already.
            os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
        with self._lock:
            self._children.add(child)
            if self._ended:
                child.kill()

    def _remember(self, name: str, answer: Remembered) -> None:
        with self._lock, contextlib.suppress(StorageUnusable, OSError):  # The next process asks again, then.
            self._answers[name] = answer
            memory = Memory(backends={**_read(self._path).backends, name: answer})
            make_folder(self._path.parent)
            write_file(self._path, memory.model_dump_json())

    def _interpreter(self, name: str) -> str | None:
        return read_settings(self._home).interpreters.get(name)

    def _view(self, owned: OwnedEntry, interpreter: str | None, report: TrialReport | None) -> BackendView:
        shared = {
            "name": owned.entry.name,
            "summary": owned.entry.summary,
            "interpreter": interpreter,
            "exports": _formats(self._plugins).get(owned.plugin, ()),
        }
        if owned.missing and not interpreter:
            problem = f"{', '.join(owned.missing)} is not installed."
            return BackendView(**shared, available=False, problem=problem, remedy=owned.remedy)
        if report is None:
            return BackendView(**shared, available=True, asked=False)
        return BackendView(
            **shared,
            available=not report.problem,
            problem=report.problem,
            remedy=report.remedy,
            devices=report.devices,
            **report.claims.model_dump(),
            native=NATIVE in report.claims.ops,
            versions=report.packages,
        )


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


def _rank(name: str) -> int:
    return PREFERRED_BACKENDS.index(name) if name in PREFERRED_BACKENDS else len(PREFERRED_BACKENDS)
