"""How weights are updated, at which rate, and how long: with the rate's curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from digits_core.errors import DigitsError
from digits_core.service.views.choices import ChoiceView
from digits_web.modelling.desk import Desk, Outlook
from digits_web.modelling.draft import FORMS
from digits_web.modelling.fields import choice_fields, label_of
from digits_web.modelling.inputs import field_input
from digits_web.modelling.rate_finder import RateFinder
from digits_web.parts.aside import aside
from digits_web.parts.curves import CurvesChart
from digits_web.parts.frame import section
from digits_web.parts.smoothing import Curve

#: What every training is asked about, beside rate and batch.
USUAL = ("epochs", "validate_every", "snapshots.every", "seed", "options.precision", "options.accumulate")
#: Shown behind the solver's own fields.
_RARE = ("solver.decay", "solver.clip", "solver.average")
_SERIES = {
    "rates": (label_of("solver.rate"), "Several, separated by commas, make several jobs"),
    "batches": (label_of("batch"), "Several make several jobs; auto: the largest useful size that fits"),
}
#: A solver's rate and a job's batch size are asked for above, where several can be given.
_ABOVE = frozenset({"solver.rate"})


class TrainingPanel:
    """Solver, rate, policy, epochs.

    Args:
        desk: The draft.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._drawn: object = None
        with ui.element("section").classes("digits-card digits-stack"):
            section("Training")
            self._usual = ui.element("div").classes("digits-fields")
            RateFinder(desk)
            with ui.element("div").classes("digits-halves"):
                self._solver = ui.element("div").classes("digits-stack")
                with ui.element("div").classes("digits-stack"):
                    self._policy = ui.element("div").classes("digits-stack")
                    self._chart = CurvesChart(
                        "Learning rate", x_name="percent of training", left="rate", height="13rem", controls=False
                    )
        self.draw()
        desk.redraws(self.draw)
        desk.tell(self._show)

    def draw(self) -> None:
        """Draw every input anew."""
        self._usual.clear()
        with self._usual:
            for name in _SERIES:
                self._series(name)
            for key in USUAL:
                field_input(self._desk, self._desk.fields[key])
        self._form(self._solver, "solver", self._desk.solvers)
        self._form(self._policy, "schedule", self._desk.policies)

    def _series(self, name: str) -> None:
        label, hint = _SERIES[name]
        usual = self._usual_text(name)

        def typed(event: ValueChangeEventArguments[str]) -> None:
            setattr(self._desk.draft, name, event.value or "")
            self._desk.changed()

        with ui.element("div").classes("digits-field"):
            made = ui.input(label, value=getattr(self._desk.draft, name), placeholder=usual, on_change=typed)
            made.props("dense outlined stack-label")
            ui.label(hint).classes("digits-soft digits-small")

    def _usual_text(self, name: str) -> str:
        if name == "batches":
            return str(self._desk.fields["batch"].default)
        return f"{self._desk.rate_field().default:g}"

    def _form(self, place: ui.element, part: str, known: Mapping[str, ChoiceView]) -> None:
        """One of several forms, such as a solver: which, and what is its own."""
        tag = f"{part}.{FORMS[part]}"
        usual = {"solver": "sgd", "schedule": "step"}[part]
        chosen = self._desk.draft.values.get(tag, usual)
        choice = known.get(chosen)

        def pick(event: ValueChangeEventArguments[str]) -> None:
            self._desk.draft.choose(part, event.value, usual)
            self.draw()
            self._desk.changed()

        place.clear()
        with place:
            options = {name: name for name in dict.fromkeys((*known, chosen))}
            ui.select(options, label=label_of(tag), value=chosen, on_change=pick).props("dense outlined options-dense")
            ui.label(choice.summary if choice else "").classes("digits-soft digits-small")
            shown = [field for field in (choice_fields(part, choice) if choice else ()) if field.key not in _ABOVE]
            with ui.element("div").classes("digits-fields"):
                for field in sorted(shown, key=lambda field: field.key in _RARE):
                    field_input(self._desk, field)

    async def _show(self, outlook: Outlook) -> None:
        schedule = dict(outlook.request.get("schedule", {"policy": "step"}))
        rates = self._desk.draft.series()[0] if not outlook.problems else ()
        asked = (schedule, rates or (self._desk.rate_field().default,))
        if outlook.problems or asked == self._drawn:
            return
        self._drawn = asked
        try:
            curves = [await aside(self._curve, schedule, rate) for rate in asked[1]]
        except DigitsError:
            # What is wrong with the policy is told with everything else that is.
            return
        self._chart.show(curves)

    def _curve(self, schedule: Mapping[str, Any], rate: float) -> Curve:
        values = self._desk.web.digits.rate_curve(schedule, rate)
        last = len(values) - 1
        return Curve(f"{rate:g}", tuple((100 * number / last, value) for number, value in enumerate(values)))
