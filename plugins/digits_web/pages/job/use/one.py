"""Classify one picture, and look inside while the model does."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from nicegui import ui
from starlette.datastructures import UploadFile

from digits_web.pages.job.use import layers
from digits_web.pages.job.use.looking import Answer, Asked, look
from digits_web.pages.job.use.similar import Similar
from digits_web.pages.job.use.used import Used
from digits_web.parts.attempt import attempt
from digits_web.parts.numbers import percent
from digits_web.parts.sparkline import Bar
from digits_web.parts.uploading import Upload

#: Largest file that is taken; no picture that is looked at is larger.
MOST_BYTES = 32 * 2**20
#: Hands pasted pictures to the place where files are dropped, as long as that is on the page.
_PASTE = """
(event) => {{
  const place = getElement({id});
  const files = [...(event.clipboardData?.files ?? [])];
  if (place && files.length) place.addFiles(files);
}}"""


async def build(used: Used) -> Callable[[], Awaitable[None]]:
    """Where a picture comes from on one side, what it is taken for on the other; similar ones and layers under both."""
    shown = OnePicture(used)
    await shown.similar.look()
    return shown.similar.look


class OnePicture:
    """The picture that was asked for last, and what came of it."""

    def __init__(self, used: Used) -> None:
        self._used = used
        self._asked: Asked | None = None
        with ui.element("div").classes("digits-pair"):
            with ui.element("div").classes("digits-card digits-stack"):
                self._sources()
            self._answer = ui.element("div").classes("digits-card digits-stack").props("aria-live=polite")
        self.similar = Similar(used)
        self._layers = ui.element("div").classes("digits-stack")
        with self._answer:
            ui.label("What the model takes it for comes here.").classes("digits-soft")
        used.changed.append(self._again)

    def _sources(self) -> None:
        label = "Drop, choose or paste a picture"
        upload = Upload(self._take, "One picture file", MOST_BYTES, accept="image/*", label=label)
        upload.classes("digits-full digits-drop")
        ui.run_javascript(f"document.addEventListener('paste', {_PASTE.format(id=upload.id)})")
        with ui.element("div").classes("digits-row"):
            self._url = ui.input("Address of a picture", placeholder="https://…").props("dense outlined stack-label")
            self._url.style("flex: 1").on("keydown.enter", self._fetched)
            ui.button("Fetch", on_click=self._fetched).props("flat no-caps")
        with ui.element("div").classes("digits-row"):
            self._split = ui.select(["val", "test", "train"], value="val", label="Of the dataset").props(
                "dense outlined"
            )
            self._split.style("min-width: 8rem")
            ui.button("A sample", icon="casino", on_click=self._sampled).props("flat no-caps")
        self._inside = ui.switch("Show visualisations and statistics", value=False, on_change=self._again)
        self._occlusion = ui.switch("Show what counts in it", value=False, on_change=self._again)
        self._occlusion.bind_visibility_from(self._inside, "value")
        self._occlusion.tooltip("Parts are hidden one after another; takes longer")

    async def _take(self, file: UploadFile) -> None:
        await self._look(Asked(file.filename or "picture", await file.read()))

    async def _fetched(self) -> None:
        url = (self._url.value or "").strip()
        private = self._used.web.settings.allow_private
        if not url:
            return
        if picture := await attempt(lambda: self._used.digits.download(url, allow_private=private)):
            await self._look(Asked(url, picture))
        else:
            self._unanswered(url)

    async def _sampled(self) -> None:
        if asked := await attempt(self._sample):
            await self._look(asked)

    def _sample(self) -> Asked:
        dataset, split = self._used.require_dataset(), self._split.value
        total = self._used.digits.gallery(dataset, split=split, count=1).total
        page = random.randrange(max(total, 1))
        found = self._used.digits.gallery(dataset, split=split, count=1, page=page).items[0]
        return Asked(found.key, self._used.digits.picture(dataset, split, found.index), found.label)

    async def _again(self) -> None:
        if self._asked:
            await self._look(self._asked)

    async def _look(self, asked: Asked) -> None:
        digits, model = self._used.digits, self._used.model
        inside, occlusion = self._inside.value, self._occlusion.value and self._inside.value
        answer = await attempt(lambda: look(digits, model, asked, inside=inside, occlusion=occlusion))
        if answer is not None:
            # What cannot be looked at is not looked at again with every snapshot.
            self._asked = asked
            self._show(answer)
        else:
            self._unanswered(asked.name)

    def _unanswered(self, name: str) -> None:
        """Take the former answer away: it would be read as the one to the picture that was asked for."""
        self._asked = None
        self.similar.offer(None)
        self._layers.clear()
        self._answer.clear()
        with self._answer:
            ui.label(f"There is no answer for {name}.").style("overflow-wrap: anywhere")
            ui.label("Choose another picture.").classes("digits-soft")

    def _show(self, answer: Answer) -> None:
        self._answer.clear()
        self.similar.offer(answer.asked)
        with self._answer:
            show_answer(answer)
        self._layers.clear()
        with self._layers:
            layers.show(answer)


def show_answer(answer: Answer) -> None:
    """The picture, and the most likely classes with how likely they are."""
    with ui.element("div").classes("digits-row").style("align-items: flex-start; gap: 1.25rem; flex-wrap: nowrap"):
        seen = [shown for shown in answer.figures if not shown.figure.layer] or [None]
        for shown in seen:
            image = ui.image(shown.address if shown else answer.address).classes("digits-seen")
            image.props("no-spinner no-transition fit=contain")
            image.props["alt"] = shown.figure.caption if shown else answer.asked.name
        with ui.element("div").classes("digits-full digits-guesses").props('role=list aria-label="Guesses"'):
            for guess in answer.top:
                with ui.element("div").props("role=listitem"):
                    with ui.element("div").classes("digits-spread"):
                        ui.label(guess.label).classes("digits-strong" if guess is answer.top[0] else "")
                        ui.label(percent(guess.probability, 2)).classes("digits-number")
                    Bar(f"Probability of {guess.label}", 100 * guess.probability)
    with ui.element("div").classes("digits-row digits-small digits-soft"):
        ui.label(answer.asked.name).style("overflow-wrap: anywhere")
        if answer.asked.truth:
            right = answer.top[0].label == answer.asked.truth
            ui.label(f"is {answer.asked.truth}: {'right' if right else 'wrong'}").classes("digits-tag")
        ui.label(f"{answer.model}, computed by {answer.backend}")
    for note in answer.notes:
        ui.label(note).classes("digits-soft digits-small")
