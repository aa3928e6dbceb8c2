"""How this installation is: plugins, devices, disk and memory, each with a remedy where something is amiss."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from pathlib import Path

import psutil

from digits_core.hooks.registry import Plugins
from digits_core.service.trial import try_backends
from digits_core.service.views import BrokenView, CheckView, DoctorView, PluginsView, PluginView
from digits_core.store.home import Home
from digits_core.units import format_bytes

#: Less free space than this is worth a warning.
LITTLE_SPACE_BYTES = 2**30


def examine(home: Home, plugins: Plugins) -> DoctorView:
    """Look at everything; nothing is changed, and frameworks are imported in processes of their own."""
    checks = (_python(), _home(home), _space(home), _backends(plugins), *try_backends(plugins), _broken(plugins))
    return DoctorView(
        version=importlib.metadata.version("digits"),
        home=str(home.path),
        passed=all(check.passed for check in checks),
        checks=checks,
        plugins=plugins_view(plugins),
    )


def plugins_view(plugins: Plugins) -> PluginsView:
    """What plugins bring, in documentation order."""
    views = tuple(
        PluginView(
            kind=registry.kind,
            name=owned.entry.name,
            plugin=owned.plugin,
            summary=owned.entry.summary,
            available=owned.entry.name in registry.available(),
            missing=owned.missing,
            remedy=owned.remedy if owned.missing else "",
        )
        for registry in plugins.registries
        for owned in registry.entries()
    )
    broken = tuple(
        BrokenView(plugin=item.plugin, distribution=item.distribution, reason=item.reason, remedy=item.remedy)
        for item in plugins.broken
    )
    return PluginsView(plugins=views, broken=broken)


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


def _backends(plugins: Plugins) -> CheckView:
    names = plugins.backends.available()
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
