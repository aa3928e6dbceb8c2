"""Jobs that train nothing: a dataset is made, a model is scored."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import ui

from digits_core.service.views.jobs import JobView
from digits_web.pages.job import standing
from digits_web.pages.job.live import Live


async def build(live: Live) -> None:
    """How far it is, and where its result is."""
    standing.progress(live)
    result = ui.element("div").classes("digits-row")

    def show(view: JobView) -> None:
        result.clear()
        if view.state == "done":
            with result:
                label, address = _result(view)
                ui.button(label, icon="arrow_forward", on_click=lambda: ui.navigate.to(address)).props(
                    "unelevated no-caps"
                )

    live.follow(show)
    standing.facts(live)


def _result(view: JobView) -> tuple[str, str]:
    """Where its result is, and what the button to it says."""
    if view.kind == "dataset":
        return f"See dataset {view.dataset}", f"/datasets/{quote(view.dataset)}"
    job = view.network.partition("@")[0]
    return "See the evaluation", f"/jobs/{quote(job)}?tab=use&do=evaluate&evaluation={quote(view.job)}"
