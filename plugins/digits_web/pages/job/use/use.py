"""Which snapshot is used, and what for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from digits_core.service.views.jobs import JobView
from digits_web.pages.job.live import Live
from digits_web.pages.job.use import doubts, evaluate, many, one, top
from digits_web.pages.job.use.used import Used
from digits_web.parts.empty import nothing_yet
from digits_web.parts.tabs import Address, Part, Tabs

#: Snapshots that are named by what they are.
BEST, LAST = "best", "last"


async def build(live: Live, address: Address) -> Callable[[], Awaitable[None]]:
    """The choice of a snapshot, and tabs of what it can be used for; returns what looks again."""
    used = Used(live.web, address, live.id, address.get("snapshot") or first(live.view))
    empty = nothing_yet("image_search", "No model yet", "It can be used from its first snapshot on, while it trains.")
    with ui.element("div").classes("digits-stack") as place:
        choice = (
            ui.select(choices(live.view), label="Snapshot", value=used.snapshot)
            .props("dense outlined")
            .style("width: 20rem; max-width: 100%")
        )
        choice.on_value_change(lambda event: used.choose(event.value) if event.value else None)
        tabs = uses(used)

    def show(view: JobView) -> None:
        used.own = f"{view.dataset}@{view.dataset_version}"
        empty.visible, place.visible = not view.snapshots, bool(view.snapshots)
        options = choices(view)
        if options != choice.options:
            choice.set_options(options, value=used.snapshot if used.snapshot in options else first(view))

    live.follow(show)
    await tabs.start()
    return tabs.refresh


def uses(used: Used) -> Tabs:
    """Tabs of what a model can be used for."""
    parts = (
        Part("one", "One picture", "image", partial(one.build, used)),
        Part("many", "Many", "collections", partial(many.build, used)),
        Part("top", "Top pictures", "workspace_premium", partial(top.build, used)),
        Part("evaluate", "Evaluation", "grid_on", partial(evaluate.build, used)),
        Part("doubts", "Doubts", "flaky", partial(doubts.build, used)),
    )
    return Tabs(used.address, "do", parts)


def first(view: JobView) -> str:
    """The snapshot that is used before one is chosen."""
    return BEST if view.best else LAST


def choices(view: JobView) -> dict[str, str]:
    """What can be chosen, and how it is called: the best, the last, then every one, the newest first."""
    if not view.snapshots:
        return {LAST: "last"}
    named = {LAST: f"last ({view.snapshots[-1].name})"}
    if view.best:
        named = {BEST: f"best ({view.best.name})", **named}
    return named | {one.name: one.name for one in reversed(view.snapshots)}
