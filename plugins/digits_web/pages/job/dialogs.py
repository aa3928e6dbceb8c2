"""What is asked before a job is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from nicegui import ui
from nicegui.element import Element

from digits_core.errors import NameUnknown
from digits_web.pages.job.live import Live
from digits_web.parts.aside import aside
from digits_web.parts.empty import nothing_yet
from digits_web.parts.trashed import find_trashed, trashed_card


@contextmanager
def _dialog(title: str) -> Iterator[ui.dialog]:
    with ui.dialog() as dialog, ui.card().classes("digits-card").style("width: 30rem; max-width: 94vw"):
        ui.label(title).props("role=heading aria-level=2").classes("digits-section")
        yield dialog
    dialog.open()


def _buttons(dialog: ui.dialog, label: str, action: object, colour: str = "primary") -> None:
    with ui.element("div").classes("digits-row").style("justify-content: flex-end; width: 100%"):
        ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        ui.button(label, on_click=action, color=colour).props("unelevated no-caps")  # type: ignore[arg-type]


async def resume(live: Live) -> None:
    """Go on, in the same backend and on the same devices or in others."""
    view = live.view
    if view.kind != "train":
        await _resumed(live, None, None)
        return
    listed = await aside(live.digits.plugin_list)
    names = [one.name for one in listed.plugins if one.kind == "backend" and one.available]
    devices = [device.id for device in await aside(live.web.devices)]
    with _dialog("Resume") as dialog:
        ui.label("It goes on from its newest snapshot, with the same batches that it would have seen.").classes(
            "digits-soft"
        )
        backend = ui.select(names, label="Backend", value=view.backend if view.backend in names else None)
        wanted = ui.select(
            ["auto", *devices], label="Devices", multiple=True, value=[*view.devices], clearable=True
        ).props("use-chips")
        backend.classes("digits-full")
        wanted.classes("digits-full").tooltip("None chosen: as before")

        async def go() -> None:
            chosen = wanted.value or []
            same = sorted(chosen) == sorted(view.devices)
            if await _resumed(live, backend.value, None if same else device_words(chosen)):
                dialog.close()

        _buttons(dialog, "Resume", go)


def device_words(chosen: list[str]) -> str | None:
    """Devices as a request names them; nothing where none are chosen.

    >>> device_words(["gpu:1", "gpu:0"]), device_words(["auto"]), device_words([])
    ('gpu:0,1', 'auto', None)
    """
    if not chosen or "auto" in chosen:
        return "auto" if chosen else None
    kind = chosen[0].partition(":")[0]
    numbers = sorted(int(one.partition(":")[2]) for one in chosen if one.partition(":")[0] == kind)
    return f"{kind}:{','.join(map(str, numbers))}" if len(numbers) > 1 else f"{kind}:{numbers[0]},{numbers[0]}"


async def _resumed(live: Live, backend: str | None, devices: str | None) -> bool:
    same = backend == live.view.backend
    return await live.change(
        "resume", lambda: live.digits.resume(live.id, backend=None if same else backend, devices=devices, detach=True)
    )


async def abort(live: Live) -> None:
    """Stop for good."""
    with _dialog(f"Abort {live.view.name}?") as dialog:
        ui.label("It ends for good; its snapshots stay, and can be used and trained from.")

        async def go() -> None:
            dialog.close()
            await live.change("abort", lambda: live.digits.abort(live.id))

        _buttons(dialog, "Abort", go, "negative")


async def describe(live: Live) -> None:
    """Name, notes and tags."""
    view = live.view
    with _dialog("Edit") as dialog:
        name = ui.input("Name", value=view.name).classes("digits-full")
        notes = ui.textarea("Notes", value=view.description or "").classes("digits-full").props("autogrow")
        tags = ui.input_chips("Tags", value=list(view.tags or ())).classes("digits-full")

        async def go() -> None:
            called = name.value.strip() or view.job
            edit = partial(live.digits.describe_job, view.job, name=called)
            if await live.change("edit", lambda: edit(description=notes.value, tags=tags.value)):
                dialog.close()
                ui.navigate.to(f"/jobs/{called}")

        _buttons(dialog, "Save", go)


async def discard(live: Live, content: Element, deeds: Element) -> None:
    """Move the job into the trash, from where one click brings it back; nothing else can be done with it there."""
    if await live.change("discard", lambda: live.digits.discard_job(live.id)):
        await show_gone(live, content, deeds, "Undo")


async def _is_there(live: Live) -> bool:
    """Whether a job is there, such as one that is newer than the last look at all."""
    try:
        await aside(live.digits.job, live.id)
    except NameUnknown:
        return False
    return True


async def show_gone(live: Live, content: Element, deeds: Element, action: str = "Restore") -> None:
    """Say in place of everything that the job is in the trash, or is no more.

    Args:
        live: The job.
        content: What gives way.
        deeds: What could be done with it.
        action: What taking it out of the trash is called.
    """
    if live.gone_told or await _is_there(live):
        return
    live.gone_told = True
    found = await find_trashed(live.web, "job", live.id)
    deeds.visible = False
    content.clear()
    with content:
        if found is not None:
            trashed_card(live.web, found, live.view.name, action)
        else:
            nothing_yet("delete", f"{live.view.name} is gone", "It was renamed or deleted.", "Home", "/")
