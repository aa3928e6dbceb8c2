"""Pictures in tiles, of which some can be chosen; and the style of everything that shows pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nicegui import ui

_STYLE = Path(__file__).with_name("pictures.css")
#: Pixels of the longer side that a tile's picture is fetched with.
TILE_PIXELS = 192
#: A picture of a tile: the whole of it is a button that says whether it is chosen. What is ``done`` cannot be chosen.
_TILE = r"""
<button type="button" class="digits-tile" :aria-pressed="props.selected ? 'true' : 'false'"
        :aria-label="[props.row.label, props.row.key, props.row.name, props.row.done].filter(Boolean).join(', ')"
        :title="props.row.name || props.row.key" :disabled="Boolean(props.row.done)"
        @click="props.selected = !props.selected">
  <img :src="props.row.src" loading="lazy" alt="">
  <span>{{ props.row.label }}</span><span>{{ props.row.key }}</span>
  <span v-if="props.row.name">{{ props.row.name }}</span>
  <span v-if="props.row.done" class="digits-done">{{ props.row.done }}</span>
</button>
"""


def use_pictures() -> None:
    """Put the style of pictures into every page; once a process."""
    ui.add_head_html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>", shared=True)


class Tiles:
    """Pictures side by side; what is chosen stays so while other pages of them are shown.

    Args:
        changed: Is told when other pictures are chosen.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        #: What is chosen, by id.
        self.chosen: dict[str, Mapping[str, Any]] = {}
        self._table = ui.table(rows=[], columns=[], row_key="id", selection="multiple", on_select=self._select)
        self._table.props('grid hide-bottom :pagination="{rowsPerPage: 0}"').classes("digits-tiles digits-full")
        self._table.add_slot("item", _TILE)

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show others: each with ``id``, ``src``, ``label``, ``key``, and if need be ``name`` and what is ``done``."""
        self._table.rows = [dict(row) for row in rows]
        self._mark()

    def choose(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Choose these beside those that are."""
        self.chosen |= {row["id"]: row for row in rows if not row.get("done")}
        self._mark()
        self._changed()

    def clear(self) -> None:
        """Choose none."""
        self.chosen.clear()
        self._mark()
        self._changed()

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Those that are seen."""
        rows: list[dict[str, Any]] = self._table.rows
        return rows

    def _select(self) -> None:
        selected = {row["id"] for row in self._table.selected}
        for row in self._table.rows:
            if row["id"] in selected:
                self.chosen[row["id"]] = row
            else:
                self.chosen.pop(row["id"], None)
        self._changed()

    def _mark(self) -> None:
        self._table.selected = [row for row in self._table.rows if row["id"] in self.chosen]
        self._table.update()
