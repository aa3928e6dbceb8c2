"""What happens to pictures before the network, with a sheet that shows it."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from nicegui import app, ui

from digits_core.errors import DigitsError
from digits_web.modelling.desk import Desk, Outlook
from digits_web.modelling.inputs import field_inputs
from digits_web.parts.frame import section
from digits_web.web import Web

#: Address of the sheet.
SHEET = "/jobs/new/augmented.png"
_AUGMENT = "data.augment."
#: Most characters that what is done to pictures may be written in.
_MOST = 4000


def add_sheet(web: Web) -> None:
    """Answer with sheets of augmented pictures; the same address always shows the same."""

    @app.get(SHEET, include_in_schema=False)
    def sheet(dataset: str, data: str, seed: int = 0) -> Response:
        try:
            asked = json.loads(data[:_MOST])
            image = web.digits.augmented(dataset, asked, count=4, epochs=5, seed=seed)
        except (DigitsError, ValueError) as refused:
            return Response(str(refused), status_code=422, media_type="text/plain")
        written = io.BytesIO()
        image.save(written, "PNG")
        return Response(written.getvalue(), media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


class PicturesPanel:
    """Mean, crop, augmentation, and what the network is taught.

    Args:
        desk: The draft.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._address = ""
        with ui.element("section").classes("digits-card digits-stack"):
            section("Pictures")
            self._place = ui.element("div").classes("digits-stack")
            with ui.expansion("Preview: a picture in its first epochs", icon="image").classes(
                "digits-full"
            ) as self._fold:
                self._image = ui.element("img").classes("digits-sheet")
                self._image.props('alt="Training pictures, each beside what its first epochs make of it"')
                self._refused = ui.label().classes("digits-soft")
            self._fold.on_value_change(lambda: self._show(self._desk.outlook))
        self.draw()
        desk.redraws(self.draw)
        desk.tell(self._show)

    def draw(self) -> None:
        """Draw every input anew."""
        keys = self._desk.fields
        augment = [key for key in keys if key.startswith(_AUGMENT)]
        targets = [key for key in keys if key.startswith("targets.")]
        self._place.clear()
        with self._place:
            field_inputs(self._desk, [key for key in keys if key.startswith("data.") and key not in augment])
            self._group("Augmentation: what chance does to pictures", "auto_awesome", augment)
            self._group("Targets: smoothing, mixup, rare classes", "adjust", targets)

    def _group(self, title: str, icon: str, keys: list[str]) -> None:
        with ui.expansion(title, icon=icon).classes("digits-full") as fold:
            fold.value = any(key in self._desk.draft.values for key in keys)
            field_inputs(self._desk, keys)

    def _show(self, outlook: Outlook) -> None:
        request = outlook.request
        if not self._fold.value or not request.get("dataset"):
            return
        prefix = ui.context.client.request.scope.get("root_path", "")
        address = prefix + SHEET + "?" + urlencode(_sheet_query(request))
        if address != self._address:
            self._address = address
            self._image.props["src"] = address


def _sheet_query(request: Any) -> dict[str, Any]:
    data = json.dumps(request.get("data", {}), separators=(",", ":"))
    return {"dataset": request["dataset"], "data": data, "seed": request.get("seed", 0)}
