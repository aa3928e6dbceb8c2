"""One reader's draft, and what it would come to: told to every panel soon after something changed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from nicegui import ui

from digits_core.errors import DigitsError, Problem
from digits_core.service.views.networks import SketchView
from digits_web.modelling.draft import Draft, keep_script
from digits_web.modelling.fields import Field, choice_fields, leaves
from digits_web.outside import job_request
from digits_web.parts.aside import aside
from digits_web.web import Web

if TYPE_CHECKING:
    from digits_core.service.views.plan import PlanView

#: Seconds without a change after which is looked what the draft comes to.
QUIET_S = 0.35
#: Rates, and batch sizes, of several jobs that are looked at while somebody types; all are before any is made.
MOST_LOOKS = 8
#: Parts of a request that decide its network.
_DECISIVE = ("dataset", "network", "start", "freeze", "decay_on")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the draft comes to.

    Attributes:
        request: The request, as far as it can be read.
        sketch: Its network; None: none is chosen.
        plan: What the job would be; None where the request cannot be read, and until that is known.
        problems: What cannot be read.
    """

    request: Mapping[str, Any] = field(default_factory=dict)
    sketch: SketchView | None = None
    plan: PlanView | None = None
    problems: tuple[Problem, ...] = ()


class Desk:
    """What the panels of the page share.

    Args:
        web: The server.
        draft: What the reader has chosen so far.
        place: Under which name the browser keeps it.
        form: The JSON schema of a request.
    """

    def __init__(self, web: Web, draft: Draft, place: str, form: Mapping[str, Any]) -> None:
        self.web, self.draft = web, draft
        self.fields: dict[str, Field] = {found.key: found for found in leaves(form)}
        self.solvers = {choice.name: choice for choice in web.digits.solvers()}
        self.policies = {choice.name: choice for choice in web.digits.policies()}
        self.outlook = Outlook()
        self._place, self._stale, self._touched = place, True, 0.0
        self._told: list[Callable[[Outlook], Awaitable[None] | None]] = []
        self._redrawn: list[Callable[[], None]] = []
        self._sketched: tuple[object, SketchView | None] = (None, None)
        ui.timer(0.15, self._settle)

    def rate_field(self) -> Field:
        """The rate of the solver that is chosen; what is usual differs."""
        chosen = self.solvers.get(self.draft.values.get("solver.name", "sgd"), self.solvers["sgd"])
        return next(field for field in choice_fields("solver", chosen) if field.key == "solver.rate")

    def tell(self, panel: Callable[[Outlook], Awaitable[None] | None]) -> None:
        """Have a panel told whenever it is known what the draft comes to."""
        self._told.append(panel)

    def redraws(self, panel: Callable[[], None]) -> None:
        """Have a panel drawn anew when many values change at once."""
        self._redrawn.append(panel)

    def changed(self) -> None:
        """Something of the draft is another."""
        self._stale, self._touched = True, time.monotonic()

    def redraw(self) -> None:
        """Many values are others: every panel is drawn anew."""
        for panel in self._redrawn:
            panel()
        self.changed()

    def forget(self) -> None:
        """Let the browser keep nothing any more."""
        self._stale = False
        ui.run_javascript(f"sessionStorage.removeItem({self._place!r})")

    async def _settle(self) -> None:
        if not self._stale or time.monotonic() - self._touched < QUIET_S:
            return
        self._stale = False
        ui.run_javascript(keep_script(self._place, self.draft))
        try:
            request = self.draft.request()
            resolved = await aside(job_request, self.web, request)
        except DigitsError as refused:
            await self._say(Outlook(problems=refused.problems, sketch=self._sketched[1]))
            return
        sketch = await self._sketch(resolved)
        await self._say(Outlook(request, sketch))
        await self._say(Outlook(request, sketch, await aside(self._plan, resolved)))

    async def _say(self, outlook: Outlook) -> None:
        """Tell every panel, unless something has changed again meanwhile."""
        if self._stale:
            return
        self.outlook = outlook
        for panel in self._told:
            told = panel(outlook)
            if told is not None:
                await told

    def _plan(self, request: Mapping[str, Any]) -> PlanView:
        """The plan of the first of several jobs, with what is wrong with any of them."""
        rates, batches = self.draft.series()
        # Who waits for a backend to answer is told by its card; nobody else has to wait for that.
        plan_job = partial(self.web.digits.plan_job, ask=False)
        plans = [plan_job(request)]
        for rate in rates[1:MOST_LOOKS]:
            plans.append(plan_job({**request, "solver": {**request["solver"], "rate": rate}}))
        for batch in batches[1:MOST_LOOKS]:
            plans.append(plan_job({**request, "batch": batch}))
        problems = dict.fromkeys(problem for plan in plans for problem in plan.problems)
        return plans[0].model_copy(update={"problems": tuple(problems)})

    async def _sketch(self, request: Mapping[str, Any]) -> SketchView | None:
        decisive = {key: request.get(key) for key in _DECISIVE}
        picture = {key: value for key, value in request.get("data", {}).items() if key in ("crop", "mean")}
        about = (decisive, picture)
        if about != self._sketched[0]:
            chosen = request.get("network") or (request.get("start") and request.get("dataset"))
            sketch = await aside(self.web.digits.sketch, request) if chosen else None
            self._sketched = (about, sketch)
        return self._sketched[1]
