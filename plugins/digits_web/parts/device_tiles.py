"""Devices as tiles: how busy, how full, how warm, and which job holds each."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from digits_core.service.views.machine import DeviceView
from digits_web.parts.numbers import size
from digits_web.parts.sparkline import Bar

#: Percent of a device's time from which on somebody uses it.
USED = 20.0


class DeviceTiles:
    """A tile for every device; told again and again, changes only what is new."""

    def __init__(self) -> None:
        self._place = ui.element("div").classes("digits-grid digits-devices")
        self._tiles: dict[str, _Tile] = {}

    def show(self, devices: Sequence[DeviceView]) -> None:
        """Show these."""
        if [device.id for device in devices] != list(self._tiles):
            self._place.clear()
            with self._place:
                self._tiles = {device.id: _Tile(device) for device in devices}
        for device in devices:
            self._tiles[device.id].show(device)


class _Tile:
    def __init__(self, device: DeviceView) -> None:
        with ui.element("section").classes("digits-card digits-brief").props(f'aria-label="Device {device.id}"'):
            with ui.element("div").classes("digits-spread"):
                ui.label(device.id).classes("digits-name")
                self._free = ui.label().classes("digits-soft digits-small")
                self._holder = ui.link("", "#").classes("digits-truncate digits-small")
            ui.label(device.name).classes("digits-soft digits-small digits-truncate").tooltip(device.name)
            self._busy, self._busy_bar = _measure("Utilisation", device.id)
            self._memory, self._memory_bar = _measure("Memory", device.id)
            self._warmth = ui.label().classes("digits-soft digits-small digits-number")

    def show(self, device: DeviceView) -> None:
        busy = device.utilization_percent
        _write(self._busy, "not known" if busy is None else f"{busy:.0f} %")
        self._busy_bar.show(busy)
        used, total = device.memory_used_bytes, device.memory_total_bytes
        _write(self._memory, f"{size(used)} of {size(total)}" if used is not None else size(total) or "not known")
        self._memory_bar.show(100 * used / total if used is not None and total else 0.0)
        watts = "" if device.power_w is None else f"{device.power_w:.0f} W"
        degrees = "" if device.temperature_c is None else f"{device.temperature_c:.0f} °C"
        _write(self._warmth, " · ".join(filter(None, (degrees, watts))))
        self._warmth.set_visibility(bool(degrees or watts))
        _write(self._free, without_job(device))
        self._show_holder(device.lease)

    def _show_holder(self, job: str | None) -> None:
        self._free.set_visibility(job is None)
        self._holder.set_visibility(job is not None)
        if job is not None and self._holder.text != job:
            self._holder.text = job
            self._holder.props["href"] = f"/jobs/{job}"


def used_by_others(device: DeviceView) -> bool:
    """Whether a device is busy that no job holds."""
    return device.lease is None and (device.utilization_percent or 0.0) >= USED


def without_job(device: DeviceView) -> str:
    """How free a device is that no job holds, in words."""
    return f"no job; {device.utilization_percent:.0f} % used by others" if used_by_others(device) else "free"


def _measure(name: str, device: str) -> tuple[ui.label, Bar]:
    with ui.element("div").classes("digits-spread digits-small"):
        ui.label(name).classes("digits-soft")
        value = ui.label().classes("digits-number")
    return value, Bar(f"{name} of {device}")


def _write(label: ui.label, text: str) -> None:
    if label.text != text:
        label.text = text
