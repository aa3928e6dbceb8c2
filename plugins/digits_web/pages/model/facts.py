"""What an imported model is."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from digits_core.service.views.about import AboutView
from digits_core.service.views.networks import ModelView
from digits_web.parts.facts import Table, cell
from digits_web.parts.frame import section
from digits_web.parts.numbers import form, size
from digits_web.parts.page_words import hint_on_page
from digits_web.parts.times import Moment

#: Names of classes that are told at once.
MOST_LABELS = 20


async def build(view: ModelView, about: AboutView) -> None:
    """A table, and what the importer understood."""
    with ui.element("div").classes("digits-card digits-scroll"):
        table = Table("The model")
        table.fact("Network", view.network)
        table.fact("Parameters", f"{view.parameters:,}, {size(view.size_bytes)}")
        table.fact("Classes", classes(view.classes, view.labels))
        table.fact("Takes", form(view.input))
        table.fact("Pictures are brought to", f"{form(view.picture)}, by {view.resize}")
        table.fact("Mean", view.mean)
        table.fact("From", f"{', '.join(view.files)}, read by {view.importer}")
        with table.row("Imported"), cell():
            Moment(view.created)
            if about.owner:
                ui.label(f"by {about.owner}").classes("digits-soft digits-small")
    if view.notes:
        with ui.element("div").classes("digits-card digits-stack"):
            section("What was understood")
            for note in view.notes:
                ui.label(hint_on_page(note))


def classes(count: int, labels: Sequence[str]) -> str:
    """How many there are, and their names as far as they fit.

    >>> classes(2, ("cat", "dog")), classes(1000, ())
    ('2: cat, dog', '1,000; their names are unknown')
    """
    if not labels:
        return f"{count:,}; their names are unknown"
    more = ", …" if len(labels) > MOST_LABELS else ""
    return f"{count:,}: {', '.join(labels[:MOST_LABELS])}{more}"
