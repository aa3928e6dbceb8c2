"""How this installation is: plugins, devices, disk and memory, each with a remedy where something is amiss."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from digits_core.errors import DigitsError
from digits_core.hooks.registry import OwnedEntry, Plugins, Registry
from digits_core.scheduling.inventory import gpu_trouble, machine_devices
from digits_core.service.trial import try_backends, try_interpreters
from digits_core.service.views.machine import BrokenView, CheckView, DoctorView, HomeView, PluginsView, PluginView
from digits_core.store.home import Home
from digits_core.store.settings import FILE, read_settings, settings_path
from digits_core.units import format_bytes

#: Less free space than this is worth a warning.
LITTLE_SPACE_BYTES = 2**30


def examine(home: Home, plugins: Plugins) -> DoctorView:
    """Look at everything; nothing is changed, and frameworks are imported in processes of their own."""
    settings, interpreters = _settings(home)
    checks = (
        *(_python(), _home(home), *settings, _space(home), _gpu(), _backends(plugins, interpreters)),
        *(*try_backends(plugins), *try_interpreters(plugins, interpreters), _broken(plugins)),
    )
    return DoctorView(
        version=importlib.metadata.version("digits"),
        home=str(home.path),
        passed=all(check.passed for check in checks),
        checks=checks,
        plugins=plugins_view(plugins, interpreters),
    )


def plugins_view(plugins: Plugins, interpreters: Mapping[str, str] | None = None) -> PluginsView:
    """What plugins bring, in documentation order.

    Args:
        plugins: What was found.
        interpreters: For a backend the Python that its jobs run in, where it is another than this.
    """
    elsewhere = {plugins.backends.kind: interpreters or {}}
    views = tuple(
        view for registry in plugins.registries for view in registry_view(registry, elsewhere.get(registry.kind, {}))
    )
    broken = tuple(
        BrokenView(plugin=item.plugin, distribution=item.distribution, reason=item.reason, remedy=item.remedy)
        for item in plugins.broken
    )
    return PluginsView(plugins=views, broken=broken)


def registry_view(registry: Registry[Any], interpreters: Mapping[str, str] | None = None) -> tuple[PluginView, ...]:
    """What plugins bring of one kind, by name; for the arguments see `plugins_view`."""
    elsewhere = interpreters or {}
    return tuple(_plugin_view(registry, owned, elsewhere.get(owned.entry.name)) for owned in registry.entries())


def home_view(home: Home) -> HomeView:
    """Where datasets and jobs are, and what is set for them.

    Raises:
        SpecInvalid: If the settings do not say what they should.
    """
    settings, disk = read_settings(home), shutil.disk_usage(_existing(home.path))
    return HomeView(
        path=str(home.path),
        free_bytes=disk.free,
        total_bytes=disk.total,
        settings_file=str(settings_path(home)),
        interpreters=settings.interpreters,
        trackers=tuple(settings.trackers),
        allow_private_addresses=settings.allow_private_addresses,
    )


def _plugin_view(registry: Registry[Any], owned: OwnedEntry, interpreter: str | None) -> PluginView:
    available = interpreter is not None or owned.entry.name in registry.available()
    return PluginView(
        kind=registry.kind,
        name=owned.entry.name,
        plugin=owned.plugin,
        summary=owned.entry.summary,
        available=available,
        missing=owned.missing,
        remedy=owned.remedy if owned.missing and not available else "",
        interpreter=interpreter,
    )


def _settings(home: Home) -> tuple[tuple[CheckView, ...], Mapping[str, str]]:
    """What is wrong with the settings, and the Pythons that they name."""
    try:
        return (), read_settings(home).interpreters
    except DigitsError as wrong:
        remedy = wrong.hint or f"Put {home.path / FILE} right, or delete it."
        return (CheckView(name="settings", passed=False, found=str(wrong), remedy=remedy),), {}


def _gpu() -> CheckView:
    trouble = gpu_trouble()
    if trouble:
        remedy = "See whether nvidia-smi lists it, and what CUDA_VISIBLE_DEVICES says."
        return CheckView(name="gpu", passed=False, found=trouble, remedy=remedy)
    names = [f"{device.id} ({device.name})" for device in machine_devices() if device.kind == "gpu"]
    return CheckView(name="gpu", passed=True, found=", ".join(names) or "none")


def _python() -> CheckView:
    memory = format_bytes(psutil.virtual_memory().total)
    found = f"Python {platform.python_version()}, {os.cpu_count()} cores, {memory} of memory"
    return CheckView(name="machine", passed=True, found=found)


def _home(home: Home) -> CheckView:
    place = _existing(home.path)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as reason:
        remedy = "Set DIGITS_HOME to a folder that can be written."
        return CheckView(name="home", passed=False, found=f"{home.path}: {reason.strerror}", remedy=remedy)
    counts = f"{len(home.dataset_names())} datasets, {len(home.job_ids())} jobs"
    return CheckView(name="home", passed=True, found=f"{home.path} with {counts}")


def _space(home: Home) -> CheckView:
    free = shutil.disk_usage(_existing(home.path)).free
    passed = free >= LITTLE_SPACE_BYTES
    remedy = "" if passed else "Free some space, or set DIGITS_HOME to a folder on another disk."
    return CheckView(name="disk", passed=passed, found=f"{format_bytes(free)} free", remedy=remedy)


def _backends(plugins: Plugins, interpreters: Mapping[str, str]) -> CheckView:
    names = sorted({*plugins.backends.available(), *interpreters.keys() & set(plugins.backends.names())})
    remedy = "" if names else "Run: pip install 'digits[torch]'"
    return CheckView(name="backends", passed=bool(names), found=", ".join(names) or "none", remedy=remedy)


def _broken(plugins: Plugins) -> CheckView:
    if not plugins.broken:
        return CheckView(name="plugins", passed=True, found="all of them load")
    found = "; ".join(f"{item.plugin}: {item.reason}" for item in plugins.broken)
    remedy = " ".join(dict.fromkeys(f"{item.remedy}." for item in plugins.broken))
    return CheckView(name="plugins", passed=False, found=found, remedy=remedy)


def _existing(path: Path) -> Path:
    """The nearest place that is there; a file where a folder is needed is found too, and then refuses a new file."""
    return next(place for place in (path, *path.parents) if place.exists())
