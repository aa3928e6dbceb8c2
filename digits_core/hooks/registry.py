"""Guarded discovery: what is there, what is broken and why, and things by name."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import pluggy

from digits_core.contracts.entry import Entry
from digits_core.errors import NameUnknown, PluginConflict, PluginMissing, suggest
from digits_core.hooks import specs

if TYPE_CHECKING:
    from digits_core.contracts.augmentation import PictureAugmentation
    from digits_core.contracts.backend import Backend
    from digits_core.contracts.command import Command
    from digits_core.contracts.dataset_source import DatasetSource
    from digits_core.contracts.exporter import Exporter
    from digits_core.contracts.launcher import Launcher
    from digits_core.contracts.model_importer import ModelImporter
    from digits_core.contracts.network_family import NetworkFamily
    from digits_core.contracts.network_importer import NetworkImporter
    from digits_core.contracts.runtime import Runtime
    from digits_core.contracts.tracker import Tracker
    from digits_core.spec.solver import SolverBase

GROUP = "digits.plugins"
API = 1
ThingT = TypeVar("ThingT")


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that could not be used.

    Attributes:
        plugin: Name of its entry point.
        distribution: What brought it.
        reason: What went wrong.
        remedy: What to do.
    """

    plugin: str
    distribution: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class OwnedEntry:
    """An entry and the plugin that declared it."""

    entry: Entry
    plugin: str

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages it needs and that are not installed."""
        return tuple(need for need in self.entry.needs if importlib.util.find_spec(need) is None)

    @property
    def remedy(self) -> str:
        """How to install what is missing."""
        what = f"'digits[{self.entry.extra}]'" if self.entry.extra else " ".join(self.missing)
        return f"Run: pip install {what}"

    @property
    def versions(self) -> dict[str, str]:
        """Packages it needs and that are installed, with their versions."""
        distributions = importlib.metadata.packages_distributions()
        return {
            need: importlib.metadata.version(distributions[need][0])
            for need in self.entry.needs
            if need in distributions
        }

    @property
    def repair(self) -> str:
        """What to do where everything it needs is installed, but does not work."""
        if not self.entry.needs:
            return f"Report this to the authors of {self.plugin}."
        return f"Run: pip install --force-reinstall {' '.join(self.entry.needs)}"


class Registry(Generic[ThingT]):
    """Things of one kind by name.

    Args:
        kind: What they are called in messages, for example ``backend``.
        base: The class each of them extends, as ``module:name``; imported when the first of them is.
        owned: What plugins declared.
    """

    def __init__(self, kind: str, base: str, owned: Iterable[OwnedEntry]) -> None:
        self.kind = kind
        self._base = base
        self._owned: dict[str, list[OwnedEntry]] = {}
        for entry in owned:
            self._owned.setdefault(entry.entry.name, []).append(entry)

    def names(self) -> tuple[str, ...]:
        """Every declared name, sorted."""
        return tuple(sorted(self._owned))

    def entries(self) -> tuple[OwnedEntry, ...]:
        """Every declaration, sorted by name."""
        return tuple(entry for name in self.names() for entry in self._owned[name])

    def available(self) -> tuple[str, ...]:
        """Names whose needs are installed and that have one owner, sorted."""
        return tuple(name for name, owned in sorted(self._owned.items()) if len(owned) == 1 and not owned[0].missing)

    def entry(self, name: str) -> OwnedEntry:
        """The one declaration of ``name``; imports nothing.

        Raises:
            NameUnknown: If nobody declares it; with close matches.
            PluginConflict: If two plugins do; names both.
        """
        owned = self._owned.get(name, [])
        if not owned:
            raise NameUnknown(f"Unknown {self.kind} {name!r}.", hint=suggest(name, self._owned))
        if len(owned) > 1:
            owners = " and ".join(sorted(entry.plugin for entry in owned))
            raise PluginConflict(
                f"The {self.kind} {name!r} is claimed by two plugins: {owners}.", hint="Uninstall one of them."
            )
        return owned[0]

    def get(self, name: str) -> type[ThingT]:
        """The class called ``name``.

        Raises:
            NameUnknown: If nobody declares it.
            PluginConflict: If two plugins do.
            PluginMissing: If it needs what is not installed, or cannot be imported.
        """
        owned = self.entry(name)
        if owned.missing:
            raise PluginMissing(
                f"The {self.kind} {name!r} needs {', '.join(owned.missing)}, which is not installed.", hint=owned.remedy
            )
        base: type[ThingT] = _imported(self._base)
        try:
            thing = _imported(owned.entry.target)
        except Exception as reason:
            raise PluginMissing(
                f"The {self.kind} {name!r} of plugin {owned.plugin} cannot be imported: {reason}.",
                hint=owned.repair,
            ) from reason
        if not (isinstance(thing, type) and issubclass(thing, base)):
            raise PluginMissing(
                f"The {self.kind} {name!r} expects a subclass of {base.__name__}, found {owned.entry.target}.",
                hint=f"Report this to the authors of {owned.plugin}.",
            )
        return thing


if TYPE_CHECKING:
    AnyRegistry: TypeAlias = (
        Registry[Backend]
        | Registry[DatasetSource]
        | Registry[NetworkFamily]
        | Registry[NetworkImporter]
        | Registry[ModelImporter]
        | Registry[PictureAugmentation]
        | Registry[SolverBase]
        | Registry[Launcher]
        | Registry[Runtime]
        | Registry[Exporter]
        | Registry[Tracker]
        | Registry[Command]
    )


@dataclass(frozen=True, slots=True)
class Plugins:
    """Everything that was found."""

    backends: Registry[Backend]
    dataset_sources: Registry[DatasetSource]
    network_families: Registry[NetworkFamily]
    network_importers: Registry[NetworkImporter]
    model_importers: Registry[ModelImporter]
    augmentations: Registry[PictureAugmentation]
    solvers: Registry[SolverBase]
    launchers: Registry[Launcher]
    runtimes: Registry[Runtime]
    exporters: Registry[Exporter]
    trackers: Registry[Tracker]
    commands: Registry[Command]
    broken: tuple[BrokenPlugin, ...]

    @property
    def registries(self) -> tuple[AnyRegistry, ...]:
        """All of them, in documentation order."""
        return (
            self.backends,
            self.dataset_sources,
            self.network_families,
            self.network_importers,
            self.model_importers,
            self.augmentations,
            self.solvers,
            self.launchers,
            self.runtimes,
            self.exporters,
            self.trackers,
            self.commands,
        )


@cache
def discover() -> Plugins:
    """Load every plugin module of this environment once, keeping the broken ones apart."""
    return collect(importlib.metadata.entry_points(group=GROUP))


def collect(points: Iterable[importlib.metadata.EntryPoint]) -> Plugins:
    """Load the plugin modules behind ``points``; see `discover`."""
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    broken: list[BrokenPlugin] = []
    distributions: dict[str, str] = {}
    for point in points:
        distribution = point.dist.name if point.dist else point.module.partition(".")[0]
        distributions.setdefault(point.name, distribution)
        try:
            manager.register(point.load(), name=point.name)
        except Exception as reason:
            broken.append(_broken(point.name, distribution, reason))

    def declared(hook: str) -> list[OwnedEntry]:
        found: list[OwnedEntry] = []
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            try:
                entries = [_checked(entry) for entry in implementation.function()]
            except Exception as reason:
                plugin = implementation.plugin_name
                broken.append(_broken(plugin, distributions[plugin], reason))
            else:
                found += [OwnedEntry(entry, implementation.plugin_name) for entry in entries]
        return found

    def registry(kind: str, base: str, hook: str) -> Registry[Any]:
        return Registry(kind, f"digits_core.{base}", declared(hook))

    return Plugins(
        registry("backend", "contracts.backend:Backend", "digits_backends"),
        registry("dataset source", "contracts.dataset_source:DatasetSource", "digits_dataset_sources"),
        registry("network family", "contracts.network_family:NetworkFamily", "digits_network_families"),
        registry("network importer", "contracts.network_importer:NetworkImporter", "digits_network_importers"),
        registry("model importer", "contracts.model_importer:ModelImporter", "digits_model_importers"),
        registry("augmentation", "contracts.augmentation:PictureAugmentation", "digits_augmentations"),
        registry("solver", "spec.solver:SolverBase", "digits_solvers"),
        registry("launcher", "contracts.launcher:Launcher", "digits_launchers"),
        registry("runtime", "contracts.runtime:Runtime", "digits_runtimes"),
        registry("exporter", "contracts.exporter:Exporter", "digits_exporters"),
        registry("tracker", "contracts.tracker:Tracker", "digits_trackers"),
        registry("command", "contracts.command:Command", "digits_extend_cli"),
        tuple(broken),
    )


def _imported(target: str) -> Any:
    """What ``module:name`` names."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _checked(entry: object) -> Entry:
    """``entry``, if it is one whose fields the rest of the core can use without asking again."""
    if not isinstance(entry, Entry) or entry.api != API:
        raise TypeError(f"expected entries of API {API}, found {entry!r}")
    texts = (entry.name, entry.target, entry.summary, entry.extra)
    packages = isinstance(entry.needs, tuple) and all(str(need).isidentifier() for need in entry.needs)
    kinds = isinstance(entry.devices, tuple) and all(isinstance(kind, str) for kind in entry.devices)
    params = isinstance(entry.params, Mapping) and all(isinstance(key, str) for key in entry.params)
    if not all(isinstance(text, str) for text in texts) or not packages or not kinds or not params:
        raise TypeError(f"expected texts, needs as a tuple of top-level packages, and params by name, found {entry!r}")
    return entry


def _broken(plugin: str, distribution: str, reason: Exception) -> BrokenPlugin:
    remedy = f"Update or uninstall it: pip install --upgrade {distribution}, or pip uninstall {distribution}"
    return BrokenPlugin(plugin, distribution, f"{type(reason).__name__}: {reason}", remedy)
