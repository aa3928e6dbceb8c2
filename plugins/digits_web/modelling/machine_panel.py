"""Who computes, and on which devices."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from digits_core.service.views.choices import BackendView
from digits_core.service.views.machine import DeviceView
from digits_web.modelling.choices import card, mark, small
from digits_web.modelling.desk import Desk, Outlook
from digits_web.modelling.devices import clicked, count, toggled
from digits_web.parts.aside import aside
from digits_web.parts.device_tiles import used_by_others, without_job
from digits_web.parts.errors import problems_shown
from digits_web.parts.frame import section
from digits_web.parts.numbers import size

AUTO = "auto"
#: Seconds between two looks at which backends have answered.
ANSWER_S = 0.5


class MachinePanel:
    """Backend cards, and devices by a click each.

    Args:
        desk: The draft.
        devices: What is here.
    """

    def __init__(self, desk: Desk, devices: Sequence[DeviceView]) -> None:
        self._desk, self._devices = desk, devices
        self._cards: dict[str, ui.element] = {}
        self._lines: dict[str, ui.element] = {}
        self._backends: dict[str, BackendView] = {}
        self._clicked: dict[str, ui.element] = {}
        self._held: dict[str, ui.label] = {}
        self._hearing: ui.timer | None = None
        #: Backends that have answered since a plan was last looked at for it.
        self._news: set[str] = set()
        with ui.element("section").classes("digits-card digits-stack"):
            section("Backend and devices")
            self._grid = ui.element("div").classes("digits-choices").props("role=radiogroup aria-label=Backend")
            with self._grid:
                self._cards[AUTO] = card(AUTO, role="radio", chosen=True, pick=lambda: self._pick(AUTO))
                with self._cards[AUTO]:
                    small(desk.fields["backend"].hint)
            self._place = ui.element("div").classes("digits-stack")
            with ui.element("div").classes("digits-choices").props('role=group aria-label="Devices"'):
                for device in devices:
                    self._draw_device(device)
        self._tell(devices)
        self.draw()
        desk.redraws(self.draw)
        desk.tell(self._recheck)
        ui.timer(2.0, self._look)

    def draw(self) -> None:
        """Draw what depends on the draft anew."""
        chosen = self._desk.draft.values.get("backend", AUTO)
        for name, made in self._cards.items():
            mark(made, "radio", chosen=name == chosen)
        self._place.clear()
        with self._place:
            self._draw_next()
        # A card that was drawn anew would lose the click that is on its way to it.
        for id, made in self._clicked.items():
            mark(made, "button", chosen=id in clicked(self._wanted))

    async def fill(self) -> None:
        """Show every backend: at once what is known of it, and what it claims as soon as it has answered."""
        with problems_shown():
            await aside(self._desk.web.digits.ask_backends)
            await self._hear()
            self._hearing = ui.timer(ANSWER_S, self._hear)

    async def _hear(self) -> None:
        backends = await aside(self._desk.web.digits.backends, ask=False)
        if self._grid.is_deleted:
            return  # The reader has left.
        for backend in backends:
            if backend != self._backends.get(backend.name):
                self._show(backend)
        if self._hearing and all(backend.asked for backend in backends):
            self._hearing.cancel()

    def _show(self, backend: BackendView) -> None:
        name = backend.name
        self._backends[name] = backend
        if name not in self._cards:
            with self._grid:
                chosen = self._desk.draft.values.get("backend", AUTO) == name
                self._cards[name] = card(name, role="radio", chosen=chosen, pick=lambda: self._pick(name))
            with self._cards[name]:
                self._lines[name] = ui.element("div").style("display: contents")
        if not backend.available:
            self._cards[name].props("aria-disabled=true")
        self._lines[name].clear()
        with self._lines[name]:
            backend_lines(backend)
        if backend.asked:
            self._news.add(name)
            self._recheck(self._desk.outlook)

    def _recheck(self, outlook: Outlook) -> None:
        """Have a plan looked at again that was made before its backend answered."""
        plan = outlook.plan
        if plan is not None and not plan.checked and plan.backend in self._news:
            self._news.remove(plan.backend)
            self._desk.changed()

    def _pick(self, backend: str) -> None:
        if backend in self._backends and not self._backends[backend].available:
            return
        self._desk.draft.set("backend", backend, AUTO)
        self.draw()
        self._desk.changed()

    @property
    def _wanted(self) -> str:
        return str(self._desk.draft.values.get("devices", AUTO))

    def _want(self, devices: str) -> None:
        self._desk.draft.set("devices", devices, AUTO)
        self.draw()
        self._desk.changed()

    def _draw_next(self) -> None:
        kinds = list(dict.fromkeys(device.kind for device in self._devices))
        wanted = self._wanted
        options = {AUTO: "auto: a GPU where there is one, else the whole processor"}
        for kind in kinds:
            options[kind] = {"cpu": "the whole processor, in one process", "gpu": "the next free GPU"}.get(kind, kind)
            here = sum(device.kind == kind for device in self._devices)
            options |= {
                f"{kind}:{number}": f"the next {number} {kind.upper()} devices" for number in range(1, here + 1)
            }
        if clicked(wanted):
            options[wanted] = f"those chosen below: {', '.join(sorted(clicked(wanted)))}"
        options.setdefault(wanted, wanted)
        with ui.element("div").classes("digits-field"):
            ui.select(options, label="Devices", value=wanted, on_change=lambda event: self._want(event.value)).props(
                "dense outlined options-dense"
            )
            several = len(clicked(wanted)) or count(wanted)
            hint = f"{several} processes share each batch." if several > 1 else "Or choose devices by a click each:"
            ui.label(hint).classes("digits-soft digits-small")

    def _draw_device(self, device: DeviceView) -> None:
        made = card(device.id, role="button", chosen=False, pick=lambda: self._want(toggled(self._wanted, device.id)))
        self._clicked[device.id] = made
        with made:
            small(f"{device.name}{', ' + size(device.memory_total_bytes) if device.memory_total_bytes else ''}")
            self._held[device.id] = small("")

    async def _look(self) -> None:
        self._tell(await aside(self._desk.web.devices))

    def _tell(self, devices: Sequence[DeviceView]) -> None:
        self._devices = devices
        for device in devices:
            if device.id in self._held:
                label = self._held[device.id]
                label.text = f"held by {device.lease}: the job waits for it" if device.lease else without_job(device)
                slow = device.lease or used_by_others(device)
                label.classes(replace=f"digits-small {'digits-warn' if slow else 'digits-good'}")


def backend_lines(backend: BackendView) -> None:
    """What a backend can do, or how to get it."""
    small(backend.summary)
    if not backend.asked:
        small("Being asked what it can do …")
        return
    if not backend.available:
        small(backend.problem or "not installed", "digits-warn")
        small(backend.remedy, "digits-mono")
        return
    with ui.element("div"):
        for word in (*backend.device_kinds, *backend.precisions):
            ui.label(word).classes("digits-tag")
    small("trains on several devices together" if backend.distributed else "trains on one device")
    small(f"{len(backend.solvers)} solvers · exports {', '.join(backend.exports) or 'nothing of its own'}")
    small(", ".join(f"{name} {version}" for name, version in backend.versions.items()))
