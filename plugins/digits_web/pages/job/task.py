"""Jobs that train nothing: how far they are, and what they came to."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from nicegui import ui

from digits_core.service.views.datasets import DatasetView
from digits_core.service.views.exports import ExportView
from digits_core.service.views.jobs import JobView, RateView
from digits_web.pages.job import standing
from digits_web.pages.job.live import Live
from digits_web.pages.job.take import file_address, told
from digits_web.parts.addresses import address
from digits_web.parts.aside import aside
from digits_web.parts.attempt import attempt
from digits_web.parts.rate_curve import show_rate

#: Where on the page of the job that has trained the model the result of a kind is shown, and what leads there.
_TABS = {
    "evaluation": ("evaluate", "See the evaluation"),
    "classification": ("many", "See the guesses"),
    "top": ("top", "See the pictures"),
    "errors": ("doubts", "See what it doubts"),
    "similar": ("one", "See the pictures"),
}


async def build(live: Live) -> None:
    """How far it is, and where its result is."""
    standing.progress(live)
    place = ui.element("div").classes("digits-stack")
    seen: list[str] = []

    def show(view: JobView) -> None:
        if view.state == "done" and view.job not in seen:
            seen.append(view.job)
            with place:
                ui.timer(0, partial(_offer, live, place, view), once=True)

    live.follow(show)
    standing.facts(live)


async def _offer(live: Live, place: ui.element, view: JobView) -> None:
    """The result of a job that is done, or the way to it."""
    result = await attempt(lambda: live.digits.result(view.job))
    models = await aside(live.digits.models)
    with place:
        if isinstance(result, ExportView):
            with ui.element("div").classes("digits-card"):
                told(result)
        if isinstance(result, RateView):
            with ui.element("div").classes("digits-card digits-stack"):
                show_rate(result)
        with ui.element("div").classes("digits-row"):
            if isinstance(result, ExportView):
                button = ui.button("Download", icon="download").props("unelevated no-caps")
                button.on_click(lambda: ui.download.from_url(file_address(view.job)))
            elif isinstance(result, DatasetView):
                _button(f"See dataset {result.name}", f"/datasets/{quote(f'{result.name}@{result.version}', safe='@')}")
            elif view.kind in _TABS and view.network not in {model.name for model in models}:
                tab, label = _TABS[view.kind]
                job = view.network.partition("@")[0]
                _button(label, f"/jobs/{quote(job)}?tab=use&do={tab}&{view.kind}={quote(view.job)}")
            ui.link("As JSON", address(f"/api/v1/jobs/{view.job}/result"))


def _button(label: str, where: str) -> None:
    ui.button(label, icon="arrow_forward", on_click=lambda: ui.navigate.to(where)).props("unelevated no-caps")
