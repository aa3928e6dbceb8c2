"""Uploads that everybody reaches, also with a keyboard or a screen reader."""

from __future__ import annotations

import json

from nicegui import ui

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


def reach(upload: ui.upload, name: str) -> None:
    """Give the field of an upload a name, and its place among what the keyboard reaches.

    Args:
        upload: The upload.
        name: What is brought with it.
    """
    ui.run_javascript(_REACH % (upload.id, json.dumps(name)))
