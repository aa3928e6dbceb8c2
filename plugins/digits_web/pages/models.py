"""Imported models: all of them, and the way to more."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from digits_core.service.views.networks import ModelView
from digits_web.access.person import Role
from digits_web.catalogue import models
from digits_web.catalogue.bulk import Bulk
from digits_web.catalogue.selection import Query
from digits_web.catalogue.table import CatalogueTable, Shelf
from digits_web.parts.empty import nothing_yet
from digits_web.parts.frame import PATIENCE_S, frame
from digits_web.parts.person import allow, person
from digits_web.web import Web

#: Address of the page, and of that on which one is imported.
ALL, NEW = "/models", "/models/new"
ORDERS = {
    "-created": "Newest first",
    "created": "Oldest first",
    "name": "Name",
    "network": "Network",
    "-classes": "Most classes",
    "-parameters": "Most parameters",
}


def add(web: Web) -> None:
    """Register the page."""

    @ui.page(ALL, response_timeout=PATIENCE_S)
    async def imported(request: Request) -> None:
        with frame("Models") as heading:
            with heading:
                check = ui.button("Check an archive", icon="fact_check", on_click=lambda: ui.navigate.to("/archives"))
                check.props("outline no-caps no-wrap")
                button = ui.button("Import", icon="download_for_offline", on_click=lambda: ui.navigate.to(NEW))
                allow(button.props("unelevated no-caps no-wrap"), person().lacks(Role.EDITOR))
            ui.label("Models of other systems. What was trained here is found with its job.").classes("digits-soft")
            bulk = Bulk(web)
            bulk.models = table = CatalogueTable(
                _shelf(web, bulk), Query.of_address(request.url.query, models.MODELS), _remember
            )
            await table.look_again()


def _remember(query: Query) -> None:
    """Let the browser's address say what is shown."""
    words = query.to_address()
    ui.navigate.history.replace(f"{ALL}?{words}" if words else ALL)


def _shelf(web: Web, bulk: Bulk) -> Shelf[ModelView]:
    return Shelf(
        name="models",
        subject=models.MODELS,
        look=web.models,
        row=models.row,
        columns=models.COLUMNS,
        cells=models.CELLS,
        orders=ORDERS,
        actions=(("Move to trash", "delete", bulk.discard_models),),
        empty=_none_yet,
    )


def _none_yet() -> ui.element:
    advice = (
        "Bring a network of Caffe with its weights, or weights of torchvision and timm: they classify, are looked "
        "into, and are trained further like your own."
    )
    return nothing_yet("download_for_offline", "No imported models yet", advice, "Import a model", NEW)
