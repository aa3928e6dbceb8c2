"""Take the model away: archives, exports, and the lines that use them."""

from __future__ import annotations

from pathlib import Path
from shutil import make_archive, rmtree
from tempfile import mkdtemp

from nicegui import run, ui
from nicegui.element import Element

from digits_core.errors import DigitsError
from digits_core.service.digits import Digits
from digits_core.service.views.exports import ExportView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.machine import PluginView
from digits_web.apart import apart
from digits_web.pages.job.live import Live
from digits_web.pages.job.use.use import BEST, LAST, choices
from digits_web.parts.addresses import question
from digits_web.parts.empty import nothing_yet
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import section
from digits_web.parts.numbers import percent, size

#: Forms of an archive, the usual one first.
FORMS = ("tar.gz", "zip", "tar.bz2", "tar", "tgz")
PRECISIONS = ("fp32", "fp16", "int8")


async def build(live: Live) -> None:
    """Archives, exports, and how both are used."""
    empty = nothing_yet("download", "Nothing to take away yet", "A model can be taken away from its first snapshot on.")
    with ui.element("div").classes("digits-stack") as place:
        taken = TakeAway(live)
    formats = await run.io_bound(live.digits.export_formats) or ()
    with place:
        taken.exports(formats)
        section("Use it")
        taken.lines()

    def show(view: JobView) -> None:
        empty.visible, place.visible = not view.snapshots, bool(view.snapshots)

    live.follow(show)


class TakeAway:
    """What is taken, and in which form.

    Args:
        live: The job.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        section("Archive")
        with ui.element("div").classes("digits-card digits-stack"):
            ui.label(
                "One file that goes anywhere: network, weights, labels, preprocessing, ONNX, and a script that "
                "classifies with nothing but numpy, Pillow and ONNX Runtime."
            ).classes("digits-soft")
            with ui.element("div").classes("digits-row"):
                names = choices(live.view)
                self._snapshot = ui.select(names, label="Snapshot", value=BEST if BEST in names else LAST)
                self._snapshot.props("dense outlined").style("min-width: 14rem")
                for form in FORMS:
                    button = ui.button(form, icon="download", on_click=lambda form=form: self._archive(form))
                    button.props("unelevated no-caps" if form == FORMS[0] else "outline no-caps")
                    button.props["aria-label"] = f"Download archive as {form}"

    @property
    def _model(self) -> str:
        return f"{self._live.id}@{self._snapshot.value}"

    def _archive(self, form: str) -> None:
        query = question({"snapshot": self._snapshot.value, "form": form})
        ui.download.from_url(f"/api/v1/jobs/{self._live.id}/archive{query}")

    def exports(self, formats: tuple[PluginView, ...]) -> None:
        """A row for each format: made here, or why not."""
        section("Exports")
        with ui.element("div").classes("digits-card digits-stack"):
            ui.label(
                "What is written is run at once on pictures of the dataset, and kept only if it gives what the model "
                "gives."
            ).classes("digits-soft")
            self._precision = ui.select(list(PRECISIONS), label="Precision", value="fp32").props("dense outlined")
            self._precision.style("width: 9rem")
            for one in formats:
                self._format(one)

    def _format(self, one: PluginView) -> None:
        with ui.element("div").classes("digits-export"):
            with ui.element("div"):
                ui.label(one.name).classes("digits-strong")
                ui.label(one.summary).classes("digits-soft digits-small")
            result = ui.element("div").props("role=status")
            if one.available:
                button = ui.button("Export", on_click=lambda: self._export(one.name, button, result))
                button.props("outline no-caps dense padding='xs sm'").props["aria-label"] = f"Export as {one.name}"
            else:
                with result:
                    ui.label(f"Not here: needs {', '.join(one.missing)}.").classes("digits-small")
                    ui.label(one.remedy).classes("digits-mono digits-small")

    async def _export(self, name: str, button: ui.button, result: Element) -> None:
        home, model, precision = self._live.digits.home.path, self._model, self._precision.value
        button.props("loading")
        result.clear()
        folder = Path(mkdtemp(prefix="digits-export-"))
        # The browser fetches the file when it likes; it is kept as long as the page is there.
        ui.context.client.on_delete(lambda: rmtree(folder, ignore_errors=True))
        try:
            packed, view = await run.io_bound(exported, home, model, name, folder, precision)
            ui.download.file(packed, f"{model.replace('@', '-')}-{name}-{precision}.zip", "application/zip")
            with result:
                told(view)
        except DigitsError as error:
            with result:
                list_problems(error)
        finally:
            button.props(remove="loading")

    def lines(self) -> None:
        """How an archive and an ONNX file are used."""
        with ui.element("div").classes("digits-card digits-stack"):
            ui.label("With the archive, where numpy, Pillow and onnxruntime are:").classes("digits-soft")
            script = _code(script_lines(self._archive_name), "bash")
            self._snapshot.on_value_change(lambda: script.set_content(script_lines(self._archive_name)))
            ui.label("In a program:").classes("digits-soft")
            _code(program_lines(), "python")

    @property
    def _archive_name(self) -> str:
        view, chosen = self._live.view, self._snapshot.value
        named = {BEST: view.best.name if view.best else "", LAST: view.snapshots[-1].name if view.snapshots else ""}
        return f"{self._live.id}-{named.get(chosen, chosen)}.{FORMS[0]}"


def _code(lines: str, language: str) -> ui.code:
    code = ui.code(lines, language=language)
    code.copy_button.props('aria-label="Copy"')
    return code


def told(view: ExportView) -> None:
    """What an export is, and how far it gives what the model gives."""
    ui.label(f"{view.precision}, {size(view.size_bytes)}, downloaded.").classes("digits-small")
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


def exported(home: Path, model: str, name: str, folder: Path, precision: str) -> tuple[Path, ExportView]:
    """Export in a process of its own; returns a zip of what was written, and what that is.

    Raises:
        DigitsError: As `Digits.export` does.
    """
    apart(_export, home, model, name, folder, precision)
    packed = make_archive(str(folder / "packed"), "zip", folder / "inside")
    return Path(packed), ExportView.model_validate_json((folder / "view.json").read_text())


def _export(home: Path, model: str, name: str, folder: Path, precision: str) -> None:
    (folder / "inside").mkdir()
    digits = Digits(home)
    destination = folder / "inside" / digits.export_name(model, name)
    view = digits.export(model, name, destination, precision=precision)
    (folder / "view.json").write_text(view.to_json())


def script_lines(archive: str) -> str:
    """How the script in an archive is used."""
    return f"tar -xf {archive}\npython use_archive.py . picture.png"


def program_lines() -> str:
    """Five lines that classify with the ONNX file of an archive; preprocessing and softmax are inside."""
    return (
        "import numpy, onnxruntime\n"
        "from PIL import Image\n"
        "session = onnxruntime.InferenceSession('model.onnx')\n"
        "picture = numpy.asarray(Image.open('picture.png'))[None]  # uint8, of the size that the network takes\n"
        "print(session.run(None, {session.get_inputs()[0].name: picture})[0])"
    )
