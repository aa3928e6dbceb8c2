"""Which backend and devices: what is named has to be here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from digits_core.contracts.backend import Backend
from digits_core.errors import (
    PluginMissing,
)
from digits_core.hooks.registry import Registry

#: The order in which ``backend: auto`` looks for one.
PREFERRED_BACKENDS = ("torch", "jax", "tensorflow", "numpy")


def choose_backend(name: str, backends: Registry[Backend], elsewhere: Collection[str] = ()) -> str:
    """The backend called ``name``, or the first that is installed.

    Args:
        name: Its name, or ``auto``.
        backends: What there is.
        elsewhere: Backends that run in a Python of their own, and need not be installed in this one.

    Raises:
        NameUnknown: If there is no such backend.
        PluginMissing: If what it needs is not installed.
    """
    if name != "auto":
        require_installed(backends, name, elsewhere)
        return name
    installed = sorted({*backends.available(), *set(elsewhere).intersection(backends.names())})
    for candidate in (*PREFERRED_BACKENDS, *installed):
        if candidate in installed:
            return candidate
    raise PluginMissing("No backend is installed.", hint="Run: pip install 'digits[torch]'")


def require_installed(registry: Registry[Any], name: str, elsewhere: Collection[str] = ()) -> None:
    """Refuse an unknown name, and one whose needs are not installed; imports nothing.

    Args:
        registry: Where it is to be found.
        name: What was named.
        elsewhere: Names that need not be installed in this Python.

    Raises:
        NameUnknown: If nobody declares it.
        PluginMissing: If what it needs is not installed.
    """
    owned = registry.entry(name)
    if owned.missing and name not in elsewhere:
        missing = ", ".join(owned.missing)
        raise PluginMissing(f"The {registry.kind} {name!r} needs {missing}, which is not installed.", hint=owned.remedy)


def check_devices(text: str, backend: str, backends: Registry[Backend]) -> None:
    """Refuse a request for devices that this machine or the backend can never give.

    Raises:
        SpecInvalid: If the text has another form.
        CapabilityMissing: If a device is not here, or there are too few.
    """
    from digits_core.scheduling.inventory import machine_devices
    from digits_core.scheduling.requests import parse_devices, require_devices
    from digits_core.scheduling.scheduler import device_kinds

    request = parse_devices(text)
    if backend:
        require_devices(request, machine_devices(), device_kinds(backends, backend))
