"""The pictures of the dataset that the model finds most like the one that it was shown."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from nicegui import ui

from digits_core.service.views.mining import NeighbourView, SimilarView
from digits_core.spec.dataset import SPLITS
from digits_web.access.person import Role
from digits_web.outside import uploads_of
from digits_web.pages.job.use.awaited import Awaited
from digits_web.pages.job.use.looking import Asked
from digits_web.pages.job.use.pictures import picture, picture_address
from digits_web.pages.job.use.used import Used
from digits_web.parts.addresses import address
from digits_web.parts.attempt import attempt
from digits_web.parts.frame import section
from digits_web.parts.person import person

#: Pictures that are shown.
COUNT = 24
_HINT = (
    "The first search looks at every picture of the split, as a job that may be left; from then on it takes a moment."
)


class Similar:
    """A button for the picture that was looked at last, and what was found.

    A search looks at every picture of a split once. That takes long, so a job does it; what it has seen is kept, and
    from then on the answer comes at once.

    Args:
        used: The model.
    """

    def __init__(self, used: Used) -> None:
        self._used = used
        self._asked: Asked | None = None
        with ui.element("div").classes("digits-card digits-stack") as self._place:
            with ui.element("div").classes("digits-row") as self._form:
                self._split = ui.select(list(SPLITS), value="train", label="Among").props("dense outlined")
                self._split.style("min-width: 8rem")
                ui.button("Show similar pictures", icon="image_search", on_click=self._ask).props("outline no-caps")
                ui.label(_HINT).classes("digits-soft digits-small").style("flex: 1 1 16rem")
            self._awaited = Awaited(used, "similar", "Looking at the pictures", self._show)
            self._found = ui.element("div").classes("digits-stack").props("aria-live=polite")
        self.offer(None)

    def offer(self, asked: Asked | None) -> None:
        """Offer to search for pictures like another one; None: like none."""
        self._asked = asked
        self._found.clear()
        self._form.visible = asked is not None
        self._place.visible = asked is not None or bool(self._used.address.get("similar"))

    async def look(self) -> None:
        """See how far the job is that the address names, and show what it has found."""
        if self._used.address.get("similar"):
            await self._awaited.look()

    async def _ask(self) -> None:
        asked, digits, look = self._asked, self._used.digits, self._look()
        if asked is None or (ready := await attempt(lambda: digits.has_looked(look))) is None:
            return
        if not ready:
            await self._begin(asked, look)
        elif found := await attempt(lambda: self._search(asked, look)):
            self._show(found)

    def _look(self) -> dict[str, str]:
        return {"model": self._used.model, "split": self._split.value, **self._used.elsewhere}

    def _search(self, asked: Asked, look: dict[str, str]) -> SimilarView:
        with TemporaryDirectory(prefix="digits-look-") as folder:
            path = Path(folder) / "picture"
            path.write_bytes(asked.picture)
            found = self._used.digits.similar(look, path, count=COUNT)
        return found.model_copy(update={"image": asked.name})

    async def _begin(self, asked: Asked, look: dict[str, str]) -> None:
        """Let a job look at every picture; the one that is asked for is kept for it as uploads are."""
        who = person()

        def keep() -> Path:
            who.require(Role.EDITOR)
            uploads = uploads_of(self._used.web)
            return uploads.path(uploads.keep("picture", io.BytesIO(asked.picture), who.name).id)

        if image := await attempt(keep):
            await self._awaited.submit({"look": look, "image": image, "called": asked.name, "count": COUNT})

    def _show(self, found: SimilarView) -> None:
        self._found.clear()
        with self._found:
            section(f"Most like {found.image}")
            dataset = f"{found.dataset}@{found.version}"
            ui.label(
                f"Of the {found.split} pictures of {dataset}, compared by what layer {found.layer} "
                f"of {found.model} makes of them: 1 is as like as can be. Click one to see it in the dataset."
            ).classes("digits-soft digits-small")
            for note in found.notes:
                ui.label(note).classes("digits-soft digits-small")
            with ui.element("div").classes("digits-ranked").props('role=list aria-label="Similar pictures"'):
                for one in found.neighbours:
                    with ui.element("div").props("role=listitem"):
                        _tile(found, one)


def _tile(found: SimilarView, one: NeighbourView) -> None:
    """A picture with its class and how similar it is, which leads to it in the dataset."""
    dataset = quote(f"{found.dataset}@{found.version}", safe="@")
    tile = ui.element("a").classes("digits-tile")
    tile.props.update(href=address(f"/datasets/{dataset}", {"split": one.split, "q": one.key}), title=one.key)
    with tile:
        picture(picture_address(found.dataset, found.version, one.split, one.index), "")
        for words in (one.label, f"{one.similarity:.3f}", one.key):
            ui.element("span").props["innerText"] = words
