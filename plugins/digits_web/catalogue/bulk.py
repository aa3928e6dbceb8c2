"""What is done with several jobs, datasets or models at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from nicegui import ui

from digits_core.errors import DigitsError
from digits_web.access.person import Person
from digits_web.catalogue.table import CatalogueTable
from digits_web.ownership import require_dataset, require_job, require_model, require_trashed
from digits_web.parts.aside import aside
from digits_web.parts.errors import show_problems
from digits_web.parts.job_facts import STOPPABLE
from digits_web.parts.person import person
from digits_web.parts.undo import offer_undo
from digits_web.web import Web

#: Refuses a person to change what is not theirs.
Require = Callable[[Web, Person, str], None]


class Bulk:
    """Does it, tells every refusal, and goes on with the others.

    Args:
        web: What does it.

    Attributes:
        jobs: The table of jobs, once it is made.
        datasets: The table of datasets, once it is made.
        models: The table of imported models, once it is made.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        self.jobs: CatalogueTable[Any] | None = None
        self.datasets: CatalogueTable[Any] | None = None
        self.models: CatalogueTable[Any] | None = None

    def compare(self, ids: list[str]) -> None:
        """Lead to the comparison of these jobs."""
        ui.navigate.to(f"/compare?jobs={','.join(map(quote, ids))}")

    async def abort(self, ids: list[str]) -> None:
        """Stop those of the jobs that have not ended for good, after having asked."""
        views = await aside(self._web.jobs)
        ids = [view.job for view in views if view.job in ids and view.state in STOPPABLE]
        if not ids:
            ui.notify("What is chosen has ended already: there is nothing to abort.")
            return
        with ui.dialog() as dialog, ui.card().classes("digits-card"):
            ui.label(f"Stop {_count(ids, 'job')} for good?").classes("digits-section")
            ui.label("Snapshots stay, and models can be made of them; the jobs cannot be resumed.")
            with ui.element("div").classes("digits-row").style("justify-content: flex-end; width: 100%"):
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
                ui.button("Abort", on_click=lambda: dialog.submit(True)).props("unelevated no-caps color=negative")
        if await dialog:
            stopped = await self._each("abort job", require_job, self._web.digits.abort, ids)
            ui.notify(f"{_count(stopped, 'job')} aborted")
            await self._refresh()
        dialog.delete()

    async def discard_jobs(self, ids: list[str]) -> None:
        """Move jobs to the trash, and offer to take them out again."""
        await self._discard("job", require_job, self._web.digits.discard_job, ids)

    async def discard_datasets(self, ids: list[str]) -> None:
        """Move datasets to the trash, and offer to take them out again."""
        await self._discard("dataset", require_dataset, self._web.digits.discard_dataset, ids)

    async def discard_models(self, ids: list[str]) -> None:
        """Move imported models to the trash, and offer to take them out again."""
        await self._discard("model", require_model, self._web.digits.discard_model, ids)

    async def _discard(self, what: str, require: Require, discard: Callable[[str], Any], ids: list[str]) -> None:
        discarded = [view.id for view in await self._each(f"discard {what}", require, discard, ids)]
        await self._refresh()
        if discarded:
            offer_undo(f"{_count(discarded, what)} moved to the trash", lambda: self._restore(discarded))

    async def _restore(self, discarded: Iterable[str]) -> None:
        await self._each("restore", require_trashed, self._web.digits.restore, discarded)
        await self._refresh()

    async def _each(self, action: str, require: Require, change: Callable[[str], Any], ids: Iterable[str]) -> list[Any]:
        done, who = [], person()
        for id in ids:
            try:
                await aside(require, self._web, who, id)
                done.append(await aside(self._change, who, action, change, id))
            except DigitsError as error:
                show_problems(error)
        return done

    def _change(self, who: Person, action: str, change: Callable[[str], Any], id: str) -> Any:
        changed = change(id)
        self._web.audit(who, action, id)
        return changed

    async def _refresh(self) -> None:
        self._web.forget()
        for table in filter(None, (self.jobs, self.datasets, self.models)):
            table.choose_none()
            await table.look_again()


def _count(things: list[Any], what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"
