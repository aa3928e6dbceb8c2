"""Check an archive: what it says about itself, and whether it computes what it says."""

from __future__ import annotations

from nicegui import ui

from digits_core.service.views.archives import ArchiveCheckView, ArchiveView
from digits_web.outside import one_file, told_as_brought
from digits_web.pages.model.facts import classes
from digits_web.parts.attempt import attempt
from digits_web.parts.facts import Table, cell
from digits_web.parts.files import Files
from digits_web.parts.frame import frame, section
from digits_web.parts.numbers import form, percent, size
from digits_web.web import Web

_ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tar", ".zip", ".gz", ".bz2")


def add(web: Web) -> None:
    """Register the page."""

    @ui.page("/archives")
    def archives() -> None:
        with frame("Check an archive"):
            ArchiveCheck(web)


class ArchiveCheck:
    """The archive that was chosen last, and what was found.

    Args:
        web: What may be read, and where uploads go.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        with ui.element("div").classes("digits-card digits-stack"):
            hint = (
                "A model that somebody has packed. It is data: it is read and checked, and nothing in it is run but "
                "its network, on the picture that it brings."
            )
            self._files = Files(web, "Archive", _ENDINGS, hint=hint, changed=self._changed)
        self._found = ui.element("div").classes("digits-page").props("aria-live=polite")

    async def _changed(self) -> None:
        self._found.clear()
        chosen = list(self._files.paths)
        if not chosen:
            return
        shown = await attempt(lambda: self._show(chosen[0]))
        if shown is None or chosen != self._files.paths:
            return
        with self._found:
            _facts(shown)
            with ui.element("div").classes("digits-card digits-stack").props("role=status") as place:
                section("Does it hold what it says?")
                with ui.element("div").classes("digits-row"):
                    ui.spinner()
                    ui.label("Everything in it is used once.").classes("digits-soft")
        checked = await attempt(lambda: self._verify(chosen[0]))
        if chosen != self._files.paths:
            return
        place.clear()
        with place:
            section("Does it hold what it says?")
            if checked is not None:
                _checks(checked)

    def _show(self, file: str) -> ArchiveView:
        with told_as_brought(self._web):
            return self._web.digits.archive(one_file(self._web, file, ""))

    def _verify(self, file: str) -> ArchiveCheckView:
        with told_as_brought(self._web):
            return self._web.digits.verify_archive(one_file(self._web, file, ""))


def _facts(view: ArchiveView) -> None:
    with ui.element("div").classes("digits-card digits-scroll"):
        section("What it says about itself")
        table = Table("The archive")
        table.fact("Model", view.model)
        table.fact("Digest", view.digest, mono=True)
        table.fact("Licence", view.license or "not named")
        table.fact("Network", f"{view.network}, {view.parameters:,} parameters")
        table.fact("Classes", classes(view.classes, view.labels))
        table.fact("Takes", form(view.input))
        table.fact("Pictures are brought to", f"{form(view.picture)}, by {view.resize}")
        dataset = "@".join(filter(None, (view.dataset.get("name", "not known"), view.dataset.get("version"))))
        table.fact("Trained on", dataset)
        measured = view.metrics.get("metrics", {})
        if "val/accuracy" in measured:
            table.fact("Accuracy in validation", percent(measured["val/accuracy"], 2))
        table.fact("Size", f"{size(view.size_bytes)}, {len(view.files)} files")


def _checks(view: ArchiveCheckView) -> None:
    words = "It computes what it says." if view.passed else "It computes something else."
    ui.label(words).classes("digits-state").props(f"data-state={'done' if view.passed else 'failed'}")
    table = Table("Checks", ("Check", "Outcome", "What was found"))
    for check in view.checks:
        with table.row(check.name):
            with cell():
                state = "done" if check.passed else "failed"
                words = "passed" if check.passed else "failed"
                ui.label(words).classes("digits-state digits-small").props(f"data-state={state}")
            with cell():
                ui.label(check.found)
    if view.passed:
        ui.label("To train from it: New model, Pretrained, Upload an archive or weights.").classes("digits-soft")
