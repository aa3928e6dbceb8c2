"""A dataset: what it holds, its pictures, its versions, and who trains on it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Response
from nicegui import app, ui

from digits_core.errors import DigitsError, NameUnknown
from digits_core.service.views.about import AboutView
from digits_core.service.views.datasets import SkippedView
from digits_core.service.views.jobs import JobView
from digits_web.access.person import Role
from digits_web.outside import READ_PICTURES, dataset_request, told_path
from digits_web.ownership import dataset_owner
from digits_web.parts.addresses import address, question
from digits_web.parts.aside import aside
from digits_web.parts.attempt import change
from digits_web.parts.augmented import Augmented
from digits_web.parts.distribution import class_chart
from digits_web.parts.empty import nothing_yet
from digits_web.parts.errors import list_problems
from digits_web.parts.frame import frame, section
from digits_web.parts.gallery import Gallery
from digits_web.parts.growing import Growing
from digits_web.parts.making import Making, maker_of
from digits_web.parts.notes import Notes
from digits_web.parts.person import allow, person
from digits_web.parts.times import Moment
from digits_web.parts.trashed import TRASH, find_trashed, trashed_card
from digits_web.parts.versions import append_form, select_form, version_table
from digits_web.web import Web

if TYPE_CHECKING:
    from PIL.Image import Image

    from digits_core.dataset.manifest import DatasetManifest

ResultT = TypeVar("ResultT")
#: Seconds that a dataset may take to be opened; the first one waits for libraries too.
_PATIENCE_S = 60.0


def add(web: Web) -> None:
    """Register the page, and what training makes of its pictures."""

    @ui.page("/datasets/{name}", response_timeout=_PATIENCE_S)
    async def dataset(name: str, split: str = "train", label: str = "", q: str = "", page: int = 1) -> None:
        try:
            manifest = await aside(web.digits.dataset, name)
        except DigitsError as error:
            await _absent(web, name, error)
            return
        where = {"split": split, "label": label, "q": q, "page": page}
        await DatasetPage(web, manifest, where).show()

    @app.get("/datasets/{name}/augmented")
    def augmented(name: str, data: str = "{}", seed: int = 0) -> Response:
        try:
            sheet = web.digits.augmented(name, json.loads(data), seed=seed, count=6, epochs=5)
        except (DigitsError, ValueError) as error:
            return Response(str(error), 422, media_type="text/plain")
        return Response(_png(sheet), media_type="image/png", headers={"cache-control": "private, max-age=3600"})


class DatasetPage:
    """One version of a dataset.

    Args:
        web: Where it is.
        manifest: What it holds.
        where: Which of its pictures the address asks for.
    """

    def __init__(self, web: Web, manifest: DatasetManifest, where: Mapping[str, Any]) -> None:
        self._web, self._manifest, self._where = web, manifest, where
        self._may, self._owner = False, ""

    async def show(self) -> None:
        """Draw all of it."""
        web, item = self._web, self._manifest
        about = await aside(web.digits.about_dataset, item.name)
        versions, skipped, jobs = await aside(self._looked)
        self._owner = await aside(dataset_owner, web, item.name)
        self._may = person().may_change(self._owner)
        with frame(item.name) as heading:
            with heading:
                self._buttons(versions)
            Notes(about, self._describe if self._may else None)
            self._growing = Growing(web, item.name)
            self._summary()
            with ui.tabs().props("no-caps align=left inline-label").classes("digits-full") as tabs:
                pictures = ui.tab("Pictures")
                training = ui.tab("As training sees them")
                history = ui.tab(f"Versions ({len(versions)})")
                unread = ui.tab(f"Skipped ({len(skipped)})") if skipped else None
                used = ui.tab(f"Jobs ({len(jobs)})")
            with ui.tab_panels(tabs, value=pictures).classes("digits-full").style("background: transparent"):
                with ui.tab_panel(pictures).classes("digits-page").style("padding: 0"):
                    change = self._change if self._may else None
                    splits = {split: count for split, count in item.splits.items() if count}
                    gallery = Gallery(web, item.reference, item.labels, splits, self._where, change)
                with ui.tab_panel(training).style("padding: 0"):
                    Augmented(item.reference, colour=item.size[2] == 3)
                with ui.tab_panel(history).classes("digits-page").style("padding: 0"):
                    version_table(versions, item.version)
                    if self._may:
                        append_form(web, self._change)
                        select_form(item.labels, self._change)
                if unread is not None:
                    with ui.tab_panel(unread).style("padding: 0"):
                        _skipped_table(skipped)
                with ui.tab_panel(used).classes("digits-page").style("padding: 0"):
                    _jobs_table(jobs, item)
            self._trashed()
            await gallery.show()

    def _looked(self) -> tuple[tuple[DatasetManifest, ...], tuple[SkippedView, ...], list[JobView]]:
        item, digits = self._manifest, self._web.digits
        jobs = [job for job in self._web.jobs() if job.dataset == item.name and job.kind != "dataset"]
        return digits.history(item.name), digits.skipped(item.reference), jobs

    def _buttons(self, versions: tuple[DatasetManifest, ...]) -> None:
        item = self._manifest
        names = {other.reference: other.version for other in reversed(versions)}
        newest = next(iter(names))
        select = ui.select(
            {key: f"{name}, newest" if key == newest else name for key, name in names.items()},
            value=item.reference,
            label="Version",
            on_change=lambda event: ui.navigate.to(f"/datasets/{event.value}"),
        )
        select.props("dense outlined").style("min-width: 9rem")
        train = f"/jobs/new{question({'dataset': item.name if item.reference == newest else item.reference})}"
        button = ui.button("Train on this", icon="play_arrow", on_click=lambda: ui.navigate.to(train))
        allow(button.props("unelevated no-caps no-wrap"), person().lacks(Role.EDITOR))
        button = ui.button(icon="delete", on_click=self._discard)
        button.props('flat round dense aria-label="Move to the trash"')
        allow(button, person().refusal(self._owner))

    def _summary(self) -> None:
        item = self._manifest
        with ui.element("div").classes("digits-two"):
            with ui.element("div").classes("digits-card digits-page"):
                section("Classes")
                class_chart(item.classes)
            with ui.element("div").classes("digits-card digits-page"):
                section("What it holds")
                with ui.element("div").classes("digits-row").style("gap: 1.25rem; align-items: flex-start"):
                    with ui.element("figure").style("margin: 0"):
                        source = address(f"/api/v1/datasets/{item.reference}/mean")
                        mean = ui.element("img").classes("digits-mean").props('alt="Mean of the training pictures"')
                        mean.props["src"] = source
                        ui.label("mean picture").classes("digits-soft digits-small")
                    with ui.element("table").classes("digits-facts").style("flex: 1; min-width: 14rem"):
                        self._facts()

    def _facts(self) -> None:
        item, (height, width, channels) = self._manifest, self._manifest.size
        colour = "colour" if channels == 3 else "greyscale"
        facts = {
            "Pictures": ", ".join(f"{count:,} {split}" for split, count in item.splits.items() if count),
            "Classes": f"{len(item.classes):,}",
            "Form": f"{width} × {height}, {colour}, {item.encoding}",
            "Resized by": item.spec.resize,
            "From": ", ".join(told_path(self._web, path) for path in item.spec.paths),
            "Digest": item.digest.removeprefix("sha256:")[:16],
        }
        for name, value in facts.items():
            with ui.element("tr"):
                with ui.element("th"):
                    ui.label(name)
                with ui.element("td"):
                    ui.label(value).classes("digits-mono" if name in ("From", "Digest") else "")
        with ui.element("tr"):
            with ui.element("th"):
                ui.label("Made")
            with ui.element("td"):
                Moment(item.created)

    async def _describe(self, description: str, tags: tuple[str, ...]) -> AboutView | None:
        name, digits = self._manifest.name, self._web.digits
        return await self._do(
            "describe dataset", lambda: digits.describe_dataset(name, description=description, tags=tags)
        )

    async def _discard(self) -> None:
        """Move it to the trash, and stay, so that it can be taken out again."""
        view = await self._do("discard dataset", lambda: self._web.digits.discard_dataset(self._manifest.name))
        if view is not None:
            self._gone.open()
            self._id = view.id

    async def _restore(self) -> None:
        if await self._do("restore dataset", lambda: self._web.digits.restore(self._id)) is not None:
            ui.navigate.reload()

    async def _do(self, action: str, work: Callable[[], ResultT]) -> ResultT | None:
        """Change the dataset, as its owner and admins may; returns what came of it, None where it was refused."""
        made: list[ResultT] = []
        what = f"Dataset {self._manifest.name}"
        done = await change(self._web, action, what, self._owner, lambda: made.append(work()))
        return made[0] if done else None

    def _trashed(self) -> None:
        """What is shown over the page of a dataset that is gone."""
        self._id = ""
        with ui.dialog().props("persistent") as self._gone, ui.card().classes("digits-card"):
            ui.label(f"{self._manifest.name} is in the trash").classes("digits-section")
            ui.label("It stays there until the trash is emptied.").classes("digits-soft")
            with ui.element("div").classes("digits-row"):
                ui.button("Undo", on_click=self._restore).props("unelevated no-caps")
                ui.link("Show the trash", TRASH)
                ui.button("Home", on_click=lambda: ui.navigate.to("/")).props("flat no-caps")

    async def _change(self, request: Mapping[str, Any]) -> bool:
        """Make a new version, and go there; one that reads pictures is made by a job."""
        web, item = self._web, self._manifest
        if request["action"] in READ_PICTURES:
            return await self._growing.submit(item.reference, request, self._owner)
        told = ui.notification("Making a new version …", spinner=True, timeout=None)
        try:
            made = await self._do(
                "change dataset", lambda: web.digits.change_dataset(item.reference, dataset_request(web, request))
            )
        finally:
            told.dismiss()
        if made is not None:
            ui.navigate.to(f"/datasets/{made.reference}")
        return made is not None


async def _absent(web: Web, name: str, error: DigitsError) -> None:
    """What is shown where there is no dataset, or none yet."""
    maker = await aside(maker_of, web, name) if isinstance(error, NameUnknown) else None
    found = await find_trashed(web, "dataset", name.partition("@")[0])
    if found is not None and maker is not None and maker.created > found.thing.discarded:
        found = None  # Another of its name is on its way.
    with frame(name):
        if found is not None:
            trashed_card(web, found, found.thing.name)
        elif maker is not None:
            Making(web, maker)
        elif isinstance(error, NameUnknown):
            nothing_yet("photo_library", f"There is no dataset {name}", error.hint, "New dataset", "/datasets/new")
        else:
            list_problems(error)


def _skipped_table(skipped: tuple[SkippedView, ...]) -> None:
    columns = [
        {"name": "key", "label": "Picture", "field": "key", "align": "left", "sortable": True},
        {"name": "reason", "label": "Why it was skipped", "field": "reason", "align": "left", "sortable": True},
    ]
    rows = [{"id": number, **item.to_dict()} for number, item in enumerate(skipped)]
    ui.table(rows=rows, columns=columns, pagination=50).classes("digits-table digits-full")


def _jobs_table(jobs: list[JobView], item: DatasetManifest) -> None:
    if not jobs:
        where = f"/jobs/new{question({'dataset': item.name})}"
        nothing_yet("timeline", "No job has trained on it yet", "Choose a network and train.", "Train on this", where)
        return
    with ui.element("div").classes("digits-card digits-scroll"), ui.element("table").classes("digits-facts"):
        for job in reversed(jobs):
            with ui.element("tr"):
                with ui.element("td"):
                    ui.link(job.name, f"/jobs/{job.job}")
                for text in (job.network or job.asked, job.dataset_version, _accuracy(job)):
                    with ui.element("td").classes("digits-number"):
                        ui.label(text)
                with ui.element("td"):
                    ui.label(job.state).classes("digits-state").props["data-state"] = job.state
                with ui.element("td"):
                    Moment(job.created, relative=True)


def _accuracy(job: JobView) -> str:
    found = job.metrics.get("val/accuracy")
    return "" if found is None else f"{found:.1%}"


def _png(sheet: Image) -> bytes:
    stream = io.BytesIO()
    sheet.save(stream, "PNG", compress_level=1)
    return stream.getvalue()
