"""What most jobs leave as it is: every field that no other panel asks for, and keys that have none."""

from __future__ import annotations

from nicegui import ui

from digits_web.modelling.desk import Desk
from digits_web.modelling.inputs import field_inputs
from digits_web.modelling.training_panel import USUAL

#: Fields that other panels ask for in their own way.
_ELSEWHERE = frozenset({"dataset", "start", "network", "name", "backend", "devices", "batch", *USUAL})
_GROUPS = ("data.", "targets.")


class ExpertPanel:
    """Early stopping, frozen layers, priority, retries, compilation, and anything else.

    Args:
        desk: The draft.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        with ui.element("section").classes("digits-card"):
            with ui.expansion("More options", icon="tune").classes("digits-full") as fold:
                self._place = ui.element("div").classes("digits-stack")
            fold.value = any(key in desk.draft.values for key in expert_keys(desk)) or bool(desk.draft.other)
        self.draw()
        desk.redraws(self.draw)

    def draw(self) -> None:
        """Draw every input anew."""
        self._place.clear()
        with self._place:
            field_inputs(self._desk, expert_keys(self._desk))
            other = ui.textarea(
                "Other keys", value=self._desk.draft.other, on_change=lambda event: self._other(event.value)
            )
            other.props('outlined autogrow dense stack-label placeholder="track: [tensorboard]"').classes("digits-full")
            ui.label("Keys of a job file that have no field here, as YAML.").classes("digits-soft digits-small")

    def _other(self, text: str | None) -> None:
        self._desk.draft.other = text or ""
        self._desk.changed()


def expert_keys(desk: Desk) -> list[str]:
    """Fields that no other panel asks for."""
    return [key for key in desk.fields if key not in _ELSEWHERE and not key.startswith(_GROUPS)]
