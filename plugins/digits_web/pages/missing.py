"""What is shown at an address where no page is."""

from __future__ import annotations

from fastapi import Request, Response
from nicegui import Client, app, ui
from nicegui.page import page

from digits_web.parts.empty import nothing_yet
from digits_web.parts.frame import frame
from digits_web.web import Web


def add(_web: Web) -> None:
    """Register it in place of the toolkit's own page, whose other answers stay."""
    others = app.exception_handlers[404]

    @app.exception_handler(404)
    async def missing(request: Request, exception: Exception) -> Response:
        if request.scope.get("endpoint") not in (None, app) and not request.scope.get("nicegui_page_path"):
            answer: Response = await others(request, exception)  # type: ignore[misc]
            return answer
        with Client(page(""), request=request) as client, frame("There is no page here"):
            nothing_yet("explore_off", "Nothing has this address", "It may be mistyped, or of something that is gone.")
            ui.link("Home", "/")
        return client.build_response(request, 404)
