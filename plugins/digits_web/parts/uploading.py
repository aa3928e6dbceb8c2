"""Files that a page takes: received at one address for all pages, which holds no page once its reader has gone."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from nicegui import Client, ui
from nicegui.events import GenericEventArguments
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from digits_core.errors import DigitsError, Problem
from digits_web.access.bodies import bounded
from digits_web.access.person import Role
from digits_web.access.refusal import Refused
from digits_web.parts.addresses import address
from digits_web.parts.errors import problems_shown, show_problems
from digits_web.parts.numbers import size
from digits_web.parts.person import person

#: Most bytes of what a form has around its files.
_AROUND_BYTES = 2**16
#: Quasar nests a nameless field in a nameless button, and makes both anew: the field gets the name and the focus. The
#: upload may be mounted a moment after this runs, or be gone by then.
_REACH = """(async () => {
  const mounted = () => getElement(%d)?.$el;
  for (let waits = 0; !mounted() && waits < 100; waits++) await new Promise((resolve) => setTimeout(resolve, 50));
  const upload = mounted();
  if (!upload) return;
  const reach = () => upload.querySelectorAll(".q-uploader__input").forEach((field) => {
    field.setAttribute("aria-label", %s);
    field.tabIndex = 0;
    ["role", "tabindex"].forEach((name) => field.closest("a").removeAttribute(name));
  });
  new MutationObserver(reach).observe(upload, {childList: true, subtree: true});
  reach();
})()"""
_ANSWER = "(info) => emit(info.xhr.responseText)"


class Upload(ui.element):
    """A place where files are dropped or chosen, each of which is sent at once and by itself.

    NiceGUI's own has FastAPI make a route for each, and FastAPI remembers the functions of 4,096 routes with the pages
    that they hold. Here nothing but the page holds what takes its files.

    Args:
        take: Takes a file; it is closed once this returns. What the service refuses is told on the page.
        expects: What is expected, such as ``A zip archive``.
        most_bytes: Of one file.
        accept: Kinds of files that the browser offers, as the attribute of HTML has them.
        label: What it is called; empty: it is not shown, and `pick` opens it.
        needs: The role that it takes; it is disabled for others.
        finished: Is called once none of the chosen files is on its way any more.
    """

    def __init__(
        self,
        take: Callable[[UploadFile], Awaitable[None]],
        expects: str,
        most_bytes: int,
        *,
        accept: str,
        label: str = "",
        needs: Role = Role.VIEWER,
        finished: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__("q-uploader")
        self._take, self._needs, self._most_bytes = take, needs, most_bytes
        self._expected = f"{expects} of at most {size(most_bytes)} is expected."
        self.props("auto-upload flat bordered field-name=file").props.update(
            {
                "url": address(f"/page-uploads/{self.client.id}/{self.id}"),
                "label": label,
                "accept": accept,
                "max-file-size": most_bytes,
                "multiple": finished is not None,
                "disable": not person().may(needs),
            }
        )
        self.on("rejected", lambda: ui.notify(self._expected, type="negative"), args=[])
        self.on("failed", _tell, js_handler=_ANSWER)
        self.on("finish", finished, js_handler=f"() => {{ getElement({self.id}).reset(); emit(); }}")
        if label:
            ui.run_javascript(_REACH % (self.id, json.dumps(label)))
        else:
            self.style("display: none")

    def pick(self) -> None:
        """Let a person choose a file."""
        self.run_method("pickFiles")

    async def receive(self, request: Request) -> None:
        """Take the files of a request.

        Raises:
            Refused: If they are too large.
            DigitsError: If whoever sends them may not.
        """
        who = request.state.person
        who.require(self._needs)
        most = self._most_bytes + _AROUND_BYTES
        limited = Request(request.scope, bounded(request, request.receive, most, self._expected))
        async with limited.form() as form:
            with self.parent_slot or self.client.layout.default_slot, problems_shown():
                for file in form.values():
                    if isinstance(file, UploadFile):
                        await self._take(file)


def include(app: FastAPI) -> None:
    """Register the address; not among NiceGUI's, whose middleware fails where a body is cut off."""
    app.post("/page-uploads/{page}/{element}", include_in_schema=False)(_receive)


async def _receive(request: Request, page: str, element: int) -> Response:
    """Hand files to the page that asked for them, if it is still there and its reader's."""
    client = Client.instances.get(page)
    upload = client.elements.get(element) if client else None
    if client is None or not isinstance(upload, Upload) or client.request.state.person != request.state.person:
        return Refused(404, "The page that asked for this file is gone.", "Load it anew.").response(request)
    try:
        await upload.receive(request)
    except Refused as refused:
        return refused.response(request)
    except DigitsError as refused:
        return Refused(403, refused.problems[0].message, refused.problems[0].hint).response(request)
    except ClientDisconnect:
        # Nobody waits for the answer.
        return Response(status_code=400)
    return Response(status_code=204)


def _tell(event: GenericEventArguments) -> None:
    show_problems(DigitsError(*_problems(str(event.args or ""))))


def _problems(text: str) -> Sequence[Problem]:
    """What a refusal says."""
    try:
        told: dict[str, Any] = json.loads(text)
        found = [Problem(item["message"], "", item.get("hint", "")) for item in told.get("problems", ())]
        return found or [Problem(told["detail"])]
    except (ValueError, KeyError, TypeError):
        return [Problem("The upload was interrupted.", hint="Try it again.")]
