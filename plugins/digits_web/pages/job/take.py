"""Take the model away: archives, exports, and the lines that use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from digits_core.service.digits import Digits
from digits_core.service.views.exports import ExportView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.machine import PluginView
from digits_web.access.person import Role
from digits_web.pages.job.live import Live
from digits_web.pages.job.use.use import BEST, LAST, choices, first
from digits_web.pages.job.use.used import Used
from digits_web.parts.addresses import address
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt, begin
from digits_web.parts.empty import nothing_yet
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent, size
from digits_web.parts.person import allow, person
from digits_web.parts.tabs import Address
from digits_web.parts.waiting import Waiting

#: Forms of an archive, the usual one first.
FORMS = ("tar.gz", "zip", "tar.bz2", "tar", "tgz")
PRECISIONS = ("fp32", "fp16", "int8")


async def build(live: Live, address: Address) -> Callable[[], Awaitable[None]]:
    """What can be taken of a job, from its first snapshot on; returns what looks again."""
    used = Used(live.web, address, live.id, first(live.view))
    empty = nothing_yet("download", "Nothing to take away yet", "A model can be taken away from its first snapshot on.")

    def called() -> str:
        view = live.view
        named = {BEST: view.best.name if view.best else "", LAST: view.snapshots[-1].name if view.snapshots else ""}
        return f"{live.id}-{named.get(used.snapshot, used.snapshot)}"

    with ui.element("div").classes("digits-stack") as place:
        look = await take(used, called, choices(live.view))

    def show(view: JobView) -> None:
        empty.visible, place.visible = not view.snapshots, bool(view.snapshots)

    live.follow(show)
    return look


async def take(
    used: Used, called: Callable[[], str], snapshots: Mapping[str, str] | None = None
) -> Callable[[], Awaitable[None]]:
    """Archives, exports, and how both are used; returns what looks again.

    Args:
        used: The model.
        called: What its files are called.
        snapshots: Those that can be chosen, and how they are called; None: it has none.
    """
    taken = TakeAway(used, called, snapshots or {})
    taken.exports(await aside(used.digits.export_formats))
    section("Use it")
    taken.lines()
    await taken.look()
    return taken.look


class TakeAway:
    """What is taken, and in which form.

    Args:
        used: The model.
        called: What its files are called.
        snapshots: Those that can be chosen, and how they are called; empty: it has none.
    """

    def __init__(self, used: Used, called: Callable[[], str], snapshots: Mapping[str, str]) -> None:
        self._used, self._called = used, called
        #: The format of each export, and the row of each format.
        self._formats: dict[str, str] = {}
        self._rows: dict[str, ExportRow] = {}
        section("Archive")
        with ui.element("div").classes("digits-card digits-stack"):
            ui.label(
                "One file that goes anywhere: network, weights, labels, preprocessing, ONNX, and a script that "
                "classifies with nothing but numpy, Pillow and ONNX Runtime."
            ).classes("digits-soft")
            with ui.element("div").classes("digits-row"):
                if snapshots:
                    choice = ui.select(dict(snapshots), label="Snapshot", value=used.snapshot, on_change=self._choose)
                    choice.props("dense outlined").style("min-width: 14rem")
                for form in FORMS:
                    button = ui.button(form, icon="download", on_click=lambda form=form: self._archive(form))
                    button.props("unelevated no-caps" if form == FORMS[0] else "outline no-caps")
                    button.props["aria-label"] = f"Download archive as {form}"

    def _choose(self, event: ValueChangeEventArguments[str]) -> None:
        self._used.snapshot = event.value
        self._script.set_content(self._script_lines())

    def _archive(self, form: str) -> None:
        ui.download.from_url(f"/api/v1/models/{self._used.model}/archive?form={form}")

    def exports(self, formats: tuple[PluginView, ...]) -> None:
        """A row for each format: made here, or why not."""
        section("Exports")
        with ui.element("div").classes("digits-card digits-stack"):
            ui.label(
                "What is written is run at once on pictures, and kept only if it gives what the model gives."
            ).classes("digits-soft")
            self._precision = ui.select(list(PRECISIONS), label="Precision", value="fp32").props("dense outlined")
            self._precision.style("width: 9rem")
            for one in formats:
                self._rows[one.name] = ExportRow(self._used.digits, one, partial(self._export, one.name))

    async def _export(self, name: str) -> None:
        digits, used = self._used.digits, self._used
        asked = {"model": used.model, "format": name, "precision": self._precision.value}
        if asked["precision"] == "int8" and used.chosen:
            asked["calibrate"] = used.chosen
        made = await begin(used.web, lambda: digits.submit_task("export", asked))
        if made is not None:
            self._formats[made.job] = name
            self._rows[name].wanted = made.job
            await self._rows[name].show(made)

    async def look(self) -> None:
        """See how far exports of the model are; the newest of each format is shown."""
        views = await aside(self._used.web.jobs)
        own = [one for one in views if one.kind == "export" and self._used.is_of(one)]
        for name, view in {await self._format(one.job): one for one in own}.items():
            if row := self._rows.get(name):
                await row.show(view)

    async def _format(self, job: str) -> str:
        if job not in self._formats:
            asked = await aside(self._used.digits.job_request, job)
            self._formats[job] = asked["format"] if asked else ""
        return self._formats[job]

    def lines(self) -> None:
        """How an archive and an ONNX file are used."""
        with ui.element("div").classes("digits-card digits-stack"):
            ui.label("With the archive, where numpy, Pillow and onnxruntime are:").classes("digits-soft")
            self._script = _code(self._script_lines(), "bash")
            ui.label("In a program:").classes("digits-soft")
            _code(program_lines(), "python")

    def _script_lines(self) -> str:
        return script_lines(f"{self._called()}.{FORMS[0]}")


class ExportRow:
    """A format, and the newest export in it.

    Args:
        digits: The service.
        one: The format.
        export: Lets a job export in it.
    """

    def __init__(self, digits: Digits, one: PluginView, export: Callable[[], Awaitable[None]]) -> None:
        self._digits, self._shown = digits, ""
        #: The export that was asked for here: it is downloaded as soon as it is done.
        self.wanted = ""
        with ui.element("div").classes("digits-export"):
            with ui.element("div"):
                ui.label(one.name).classes("digits-strong")
                ui.label(one.summary).classes("digits-soft digits-small")
            with ui.element("div"):
                self._waiting = Waiting(f"Export as {one.name}")
                self._result = ui.element("div").props("role=status")
            if one.available:
                button = ui.button("Export", on_click=export).props("outline no-caps dense padding='xs sm'")
                button.props["aria-label"] = f"Export as {one.name}"
                allow(button, person().lacks(Role.EDITOR))
            else:
                with self._result:
                    ui.label(f"Not here: needs {', '.join(one.missing)}.").classes("digits-small")
                    ui.label(one.remedy).classes("digits-mono digits-small")

    async def show(self, view: JobView) -> None:
        """Show how far an export is, or what came of it."""
        self._waiting.show(view)
        if view.job == self._shown:
            return
        self._result.clear()
        self._shown = view.job if view.state == "done" else ""
        if not self._shown:
            return
        found = await attempt(lambda: self._digits.result(view.job))
        if isinstance(found, ExportView):
            with self._result:
                told(found)
                link = ui.link("Download", address(file_address(view.job))).classes("digits-small")
                link.props["aria-label"] = f"Download {found.format}, {found.precision}"
        if view.job == self.wanted:
            ui.download.from_url(file_address(view.job))


def _code(lines: str, language: str) -> ui.code:
    code = ui.code(lines, language=language)
    code.copy_button.props('aria-label="Copy"')
    return code


def told(view: ExportView) -> None:
    """What was exported, and how far it gives what the model gives."""
    ui.label(f"{view.model}, {view.precision}, {size(view.size_bytes)}.").classes("digits-small")
    if view.agreement is None:
        ui.label(view.not_run).classes("digits-small digits-soft")
        return
    found = view.agreement
    ui.label(
        f"Verified on {found.pictures}: largest error {found.error:.2g} of {found.tolerance:.2g} allowed, "
        f"{percent(found.same_top1)} the same first guess."
    ).classes("digits-small digits-soft")
    if view.accuracy_lost is not None:
        ui.label(f"Accuracy lost: {percent(view.accuracy_lost, 2)}.").classes("digits-small digits-soft")
    if view.note:
        ui.label(view.note).classes("digits-small digits-soft")


def file_address(job: str) -> str:
    """Where what a job has exported is."""
    return f"/api/v1/jobs/{job}/result/file"


def script_lines(archive: str) -> str:
    """How the script in an archive is used."""
    return f"tar -xf {archive}\npython use_archive.py . picture.png"


def program_lines() -> str:
    """A few lines that classify with the ONNX file of an archive; normalization and softmax are inside."""
    return (
        "import json, numpy, onnxruntime\n"
        "from PIL import Image\n\n"
        "session = onnxruntime.InferenceSession('model.onnx')\n"
        "labels = json.loads(session.get_modelmeta().custom_metadata_map['labels'])\n"
        "pictures = session.get_inputs()[0]\n"
        "height, width, channels = pictures.shape[1:]\n"
        "picture = Image.open('picture.png').convert('L' if channels == 1 else 'RGB').resize((width, height))\n"
        "picture = numpy.asarray(picture).reshape(1, height, width, channels)\n"
        "probabilities = session.run(None, {pictures.name: picture})[0][0]\n"
        "for number in numpy.argsort(-probabilities)[:5]:\n"
        "    print(f'{labels[number]}: {probabilities[number]:.1%}')"
    )
