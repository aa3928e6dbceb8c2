"""The table of a catalogue: what is asked for above it, one page of rows, and what can be done with several."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nicegui import ui
from nicegui.events import GenericEventArguments, TableSelectionEventArguments, ValueChangeEventArguments

from digits_web.catalogue.selection import PAGE_SIZES, Found, Query, Subject, select, values_of
from digits_web.parts.addresses import prefix
from digits_web.parts.aside import aside

ItemT = TypeVar("ItemT")
#: Seconds between two looks whether rows have changed.
LOOK_S = 2.0
#: Seconds between two looks at what can be chosen from: with 10,000 rows that takes longer than everything else.
OFFER_S = 10.0
#: Begins the id of a row that is the heading of a group; no name has it.
_HEADING = "/"


@dataclass(frozen=True, slots=True)
class Shelf(Generic[ItemT]):
    """What a table shows and how.

    Attributes:
        name: What its rows are called, many of them.
        subject: How they are searched and ordered.
        look: Takes a look at all of them; in a thread.
        row: What is shown of one, under a prefix of addresses.
        columns: Columns as Quasar's table has them.
        cells: A row for Vue.
        orders: What they can be ordered by: the order with ``-`` before it for the largest first, and its name.
        actions: What can be done with those that are chosen: label, icon, and what is told their ids.
        empty: Makes what is shown where there are none at all.
    """

    name: str
    subject: Subject[ItemT]
    look: Callable[[], Sequence[ItemT]]
    row: Callable[[ItemT, str], dict[str, Any]]
    columns: Sequence[Mapping[str, Any]]
    cells: str
    orders: Mapping[str, str]
    actions: Sequence[tuple[str, str, Callable[[list[str]], Any]]]
    empty: Callable[[], ui.element]


class CatalogueTable(Generic[ItemT]):
    """A table that asks again when its question or what there is changes.

    Args:
        shelf: What it shows.
        query: What is asked at first.
        asked: Is told what is asked from now on, for the address.
    """

    def __init__(self, shelf: Shelf[ItemT], query: Query, asked: Callable[[Query], None]) -> None:
        self._shelf, self._query, self._asked, self._prefix = shelf, query, asked, prefix()
        self._facets: dict[str, ui.select] = {}
        self._offer_due = 0.0
        self._empty = shelf.empty()
        with ui.element("div").classes("digits-page") as self._filled:
            self._tools()
            self._chosen_bar()
            self._table = self._make_table()
            self._nothing = ui.label(f"No {shelf.name} match.").classes("digits-soft").props("role=status")
        ui.timer(LOOK_S, self.look_again, immediate=False)

    async def look_again(self) -> None:
        """Take a look, and show what has changed."""
        items, found, offered = await aside(self._look)
        rows = [row for group, things in found.groups for row in self._rows(found, group, things)]
        self._empty.set_visibility(not items)
        self._filled.set_visibility(bool(items))
        self._offer(offered)
        if rows != self._table.rows:
            self._table.rows = rows
        paging = self._paging(found)
        if paging != self._table.pagination:
            self._table.pagination = paging
        self._nothing.set_visibility(not rows)

    def _look(self) -> tuple[Sequence[ItemT], Found[ItemT], Mapping[str, Sequence[str]]]:
        items, subject = self._shelf.look(), self._shelf.subject
        offered: Mapping[str, Sequence[str]] = {}
        if time.monotonic() >= self._offer_due:
            offered = {name: values_of(subject, items, name) for name in subject.facets}
            self._offer_due = time.monotonic() + OFFER_S
        return items, select(subject, items, self._query), offered

    def _rows(self, found: Found[ItemT], group: str, things: Sequence[ItemT]) -> list[dict[str, Any]]:
        rows = [self._shelf.row(thing, self._prefix) for thing in things]
        if not group:
            return rows
        # A thing in several groups is several rows, and each row needs an id of its own.
        marked = [{**row, "id": f"{row['id']}{_HEADING}{group}"} for row in rows]
        return [{"id": f"{_HEADING}{group}", "heading": group, "size": found.sizes[group]}, *marked]

    def _paging(self, found: Found[ItemT]) -> dict[str, Any]:
        order, falling = self._query.order, self._query.falling
        paging = {"page": found.page + 1, "rowsPerPage": self._query.count, "rowsNumber": found.total}
        return {"sortBy": order, "descending": falling, **paging}

    def _tools(self) -> None:
        with ui.element("div").classes("digits-row digits-tools").props("role=search"):
            search = ui.input(f"Search {self._shelf.name}", value=self._query.text, on_change=self._search)
            search.props("dense outlined clearable debounce=250 type=search").classes("digits-search")
            for name in self._shelf.subject.facets:
                self._facets[name] = self._facet(name)
            groups = {"": "No groups", **{name: f"By {name}" for name in self._shelf.subject.facets}}
            self._choice("Group", groups, self._query.group, self._regroup)
            self._order = self._choice("Order", dict(self._shelf.orders), None, self._reorder)
            self._show_order()

    def _facet(self, name: str) -> ui.select:
        chosen = list(self._query.wanted.get(name, ()))

        async def changed(event: ValueChangeEventArguments[list[str]]) -> None:
            await self._answer(wanted={**self._query.wanted, name: tuple(event.value or ())}, page=0)

        facet = ui.select(chosen, value=chosen, multiple=True, label=name.capitalize(), on_change=changed)
        facet.props("dense outlined options-dense clearable").classes("digits-facet")
        facet.set_visibility(bool(chosen))
        return facet

    def _choice(self, label: str, options: dict[str, str], value: str | None, changed: Callable[..., Any]) -> ui.select:
        choice = ui.select(options, value=value, label=label, on_change=changed)
        return choice.props("dense outlined options-dense").classes("digits-facet")

    def _show_order(self) -> None:
        """Let the field beside the table say what the heads of columns have asked for, too."""
        order = f"{'-' if self._query.falling else ''}{self._query.order}"
        way = "largest first" if self._query.falling else "smallest first"
        options = {
            **self._shelf.orders,
            order: self._shelf.orders.get(order, f"{self._query.order}, {way}".capitalize()),
        }
        self._order.set_options(options, value=order)

    def _offer(self, offered: Mapping[str, Sequence[str]]) -> None:
        """Let people choose from what occurs; where everything is the same there is nothing to choose."""
        for name, occurring in offered.items():
            facet = self._facets[name]
            values = sorted({*occurring, *(facet.value or ())}, key=str.casefold)
            facet.set_visibility(len(values) > 1 or bool(facet.value))
            if values != facet.options:
                facet.set_options(values)

    def _chosen_bar(self) -> None:
        with ui.element("div").classes("digits-row digits-chosen").props("role=status") as self._bar:
            self._count = ui.label()
            for label, icon, action in self._shelf.actions:
                button = ui.button(label, icon=icon, on_click=lambda action=action: action(self.chosen))
                button.props("flat dense no-caps")
            ui.button("Choose none", on_click=self.choose_none).props("flat dense no-caps")
        self._bar.set_visibility(False)

    @property
    def query(self) -> Query:
        """What is asked now."""
        return self._query

    @property
    def chosen(self) -> list[str]:
        """Ids of what is chosen, on whatever page."""
        ids = (row["id"].partition(_HEADING)[0] for row in self._table.selected)
        return list(dict.fromkeys(id for id in ids if id))

    def choose_none(self) -> None:
        """Choose nothing."""
        self._table.selected = []
        self._show_chosen()

    def _show_chosen(self, _event: TableSelectionEventArguments | None = None) -> None:
        self._count.text = f"{len(self.chosen)} chosen"
        self._bar.set_visibility(bool(self.chosen))

    def _make_table(self) -> ui.table:
        columns = [_column(column) for column in self._shelf.columns]
        table = ui.table(rows=[], columns=columns, selection="multiple", on_select=self._show_chosen)
        table.props(f'flat :rows-per-page-options="{list(PAGE_SIZES)}" binary-state-sort hide-no-data')
        table.props["hide-pagination"] = False
        table.pagination = {"rowsPerPage": self._query.count, "rowsNumber": 0}
        table.classes("digits-table digits-full")
        table.add_slot("header-selection", _HEADER_CHOICE)
        table.add_slot("body", _BODY.replace("CELLS", self._shelf.cells))
        table.on("request", self._request, ["pagination"])
        return table

    async def _request(self, event: GenericEventArguments) -> None:
        asked = event.args["pagination"]
        order = asked["sortBy"] or self._query.order
        falling, page = bool(asked["descending"]), asked["page"] - 1
        self._query = dataclasses.replace(
            self._query, order=order, falling=falling, page=page, count=asked["rowsPerPage"]
        )
        self._show_order()
        self._asked(self._query)
        await self.look_again()

    async def _search(self, event: ValueChangeEventArguments[str | None]) -> None:
        await self._answer(text=event.value or "", page=0)

    async def _reorder(self, event: ValueChangeEventArguments[str]) -> None:
        order, falling = event.value.removeprefix("-"), event.value.startswith("-")
        if (order, falling) != (self._query.order, self._query.falling):
            await self._answer(order=order, falling=falling, page=0)

    async def _regroup(self, event: ValueChangeEventArguments[str]) -> None:
        await self._answer(group=event.value, page=0)

    async def _answer(self, **changes: Any) -> None:
        self._query = dataclasses.replace(self._query, **changes)
        self._asked(self._query)
        await self.look_again()


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    narrow = {"classes": "digits-wide", "headerClasses": "digits-wide"} if column.get("wide") else {}
    return {**{key: value for key, value in column.items() if key != "wide"}, **narrow}


_HEADER_CHOICE = '<q-checkbox dense v-model="props.selected" aria-label="Choose all on this page" />'
_BODY = """
<q-tr v-if="props.row.heading" class="digits-group"><q-td colspan="100%">
  <b>{{ props.row.heading }}</b> <span class="digits-soft">{{ props.row.size }}</span></q-td></q-tr>
<q-tr v-else :props="props">
  <q-td auto-width><q-checkbox dense v-model="props.selected" :aria-label="'Choose ' + props.row.name" /></q-td>
  CELLS
</q-tr>
"""
