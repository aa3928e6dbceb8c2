"""New model: a network, how it is trained, and where; everything that is wrong is told before anything is made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from nicegui import ui

from digits_core.errors import DigitsError
from digits_web.access.person import Role
from digits_web.modelling.catalogue import Catalogue
from digits_web.modelling.dataset_panel import DatasetPanel
from digits_web.modelling.desk import Desk
from digits_web.modelling.draft import FORMS, Draft
from digits_web.modelling.expert_panel import ExpertPanel
from digits_web.modelling.fields import choice_fields, leaves
from digits_web.modelling.machine_panel import MachinePanel
from digits_web.modelling.network_panel import NetworkPanel
from digits_web.modelling.pictures_panel import PicturesPanel, add_sheet
from digits_web.modelling.summary_panel import SummaryPanel
from digits_web.modelling.training_panel import TrainingPanel
from digits_web.outside import job_request
from digits_web.parts.aside import aside
from digits_web.parts.empty import nothing_yet
from digits_web.parts.errors import show_problems
from digits_web.parts.frame import frame
from digits_web.parts.person import person
from digits_web.web import Web

STYLE = Path(__file__).parents[1] / "modelling" / "modelling.css"


def add(web: Web) -> None:
    """Register the page."""
    catalogue = Catalogue(web)
    style = STYLE.read_text(encoding="utf-8")
    add_sheet(web)

    @ui.page("/jobs/new", response_timeout=15.0)
    async def new_job(dataset: str = "", network: str = "", clone: str = "", start: str = "") -> None:
        start = ui.context.client.request.query_params.get("from", start)
        ui.add_css(style)
        await ui.context.client.connected()
        asked = {"dataset": dataset, "network": network, "clone": clone, "from": start}
        place = "digits.new-job?" + urlencode({key: value for key, value in asked.items() if value})
        kept = Draft.from_json(await ui.run_javascript(f"sessionStorage.getItem({place!r})"))
        with frame("New model"):
            try:
                draft = kept or await aside(first_draft, web, catalogue, asked)
            except DigitsError as refused:
                show_problems(refused)
                draft = Draft(dataset=dataset)
            await build(web, catalogue, draft, place, clone)


def first_draft(web: Web, catalogue: Catalogue, asked: Mapping[str, str]) -> Draft:
    """What the form begins with.

    Args:
        web: The server.
        catalogue: What there is.
        asked: What the address says: ``dataset``, ``network``, ``clone`` and ``from``, each maybe empty.

    Raises:
        NameUnknown: If there is no such job to clone.
    """
    if asked["clone"]:
        return cloned(web, catalogue, asked["clone"])
    draft = Draft(dataset=asked["dataset"])
    draft.use_network(asked["network"])
    if asked["from"]:
        draft.start, draft.tab = asked["from"], "pretrained"
    names = [manifest.name for manifest in web.digits.datasets()]
    if not draft.dataset and len(names) == 1:
        draft.dataset = names[0]
    return draft


def cloned(web: Web, catalogue: Catalogue, job: str) -> Draft:
    """The draft of a job that is there.

    Raises:
        NameUnknown: If it is not.
    """
    request = web.digits.clone(job, {})
    network = request.get("network") or ""
    if network and "\n" not in network and network.partition(":")[0] not in catalogue.families:
        # The file that it was trained from may be another by now.
        request["network"] = web.digits.network_of_job(job)
    draft = Draft.of(request)
    usual = {field.key: field.default for field in leaves(catalogue.form)}
    for part, choices in (("solver", web.digits.solvers()), ("schedule", web.digits.policies())):
        chosen = draft.values.get(f"{part}.{FORMS[part]}")
        fields = [field for choice in choices if choice.name == chosen for field in choice_fields(part, choice)]
        usual |= {field.key: field.default for field in fields}
    draft.prune({**usual, "solver.name": "sgd", "schedule.policy": "step"})
    return draft


async def build(web: Web, catalogue: Catalogue, draft: Draft, place: str, clone: str) -> None:
    """Put the panels of the form together.

    Args:
        web: The server.
        catalogue: What there is.
        draft: What the form begins with.
        place: Under which name the browser keeps it.
        clone: The job that it was begun from; empty: none.
    """
    datasets, jobs, models, devices, form = await asyncio.gather(
        aside(catalogue.datasets),
        aside(catalogue.jobs),
        aside(catalogue.models),
        aside(web.devices),
        aside(lambda: catalogue.form),
    )
    await aside(lambda: catalogue.words)
    if not datasets:
        nothing_yet(
            "collections", "There is no dataset yet", "A model learns from one.", "New dataset", "/datasets/new"
        )
        return
    desk = Desk(web, draft, place, form)

    async def submit() -> None:
        await make(desk)

    asked = person()
    refusal = "" if asked.may(Role.EDITOR) else "You may look, and not train."
    with ui.element("div").classes("digits-bench"):
        with ui.element("div").classes("digits-panels"):
            picker = ui.element("section").classes("digits-card digits-stack")
            panel = NetworkPanel(desk, catalogue, jobs, models)
            TrainingPanel(desk)
            PicturesPanel(desk)
            machine = MachinePanel(desk, devices)
            ExpertPanel(desk)
        SummaryPanel(desk, submit, refusal)
    with picker:
        dataset = DatasetPanel(desk, datasets, clone, panel.fill)
    await dataset.fill()
    await machine.fill()
    await panel.fill()


async def make(desk: Desk) -> None:
    """Make the jobs, and go where they can be watched."""
    web, draft, asked = desk.web, desk.draft, person()
    try:
        asked.require(Role.EDITOR)
        rates, batches = draft.series()
        numbers = tuple(batch for batch in batches if isinstance(batch, int))
        views = await aside(
            web.digits.submit_several,
            job_request(web, draft.request()),
            rates=rates if len(rates) > 1 else (),
            batches=numbers if len(numbers) > 1 else (),
        )
    except DigitsError as refused:
        show_problems(refused)
        return
    web.jobs.forget()
    for view in views:
        await aside(lambda view=view: web.digits.describe_job(view.job, owner=asked.name))
        web.audit(asked, "train", view.job)
    desk.forget()
    ids = [view.job for view in views]
    ui.navigate.to(f"/jobs/{ids[0]}" if len(ids) == 1 else f"/compare?jobs={','.join(ids)}")
