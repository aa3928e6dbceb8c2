"""What forms offer: backends, policies, solvers, and the requests themselves as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.choices import BackendView, ChoiceView


class Choices(Door):
    """What can be asked for."""

    def backends(self, *, ask: bool = True) -> tuple[BackendView, ...]:
        """Every backend, and what it claims here, the preferred ones first; imports no framework into this process.

        The first call takes seconds: each is asked in a process of its own. The answers are remembered in the home.

        Args:
            ask: Whether to ask those that nobody has asked; else they come at once, without what they claim.

        Raises:
            SpecInvalid: If the settings do not say what they should.
            StateConflict: If `end_questions` is called meanwhile.
        """
        return self._claims.views(ask=ask)

    def backend(self, name: str) -> BackendView:
        """A backend, and what it claims here; asks it as `backends` does.

        Raises:
            NameUnknown: If there is no such backend.
            SpecInvalid: If the settings do not say what they should.
            StateConflict: If `end_questions` is called meanwhile.
        """
        return self._claims.view(name)

    def ask_backends(self) -> None:
        """Have all backends that nobody has asked yet asked in the background, side by side; returns at once.

        Raises:
            SpecInvalid: If the settings do not say what they should.
        """
        self._claims.begin()

    def end_questions(self) -> None:
        """End what asks backends, and ask nothing any more; for a program that is to end now."""
        self._claims.end()

    def policies(self) -> tuple[ChoiceView, ...]:
        """How the learning rate may change over training."""
        from digits_core.service.forms import policy_choices

        return policy_choices()

    def solvers(self) -> tuple[ChoiceView, ...]:
        """How weights may be updated, solvers of plugins among them."""
        from digits_core.service.forms import solver_choices

        return solver_choices(self.plugins.solvers)

    def rate_curve(self, policy: Mapping[str, Any], rate: float, points: int = 101) -> tuple[float, ...]:
        """The learning rate over training, at places of equal distance from its first to its last moment.

        Args:
            policy: As ``schedule`` of a job's request: ``{"policy": "step", "step": 33}``.
            rate: The base rate.
            points: At how many places.

        Raises:
            SpecInvalid: With everything that is wrong.
        """
        from digits_core.service.forms import rate_curve

        return rate_curve(policy, rate, points)

    def job_form(self) -> dict[str, Any]:
        """The JSON schema of requests for jobs, with descriptions and defaults."""
        from digits_core.spec.job import JobSpec

        return JobSpec.model_json_schema()

    def dataset_form(self) -> dict[str, Any]:
        """The JSON schema of requests for datasets, with descriptions and defaults."""
        from digits_core.spec.dataset import DatasetSpec

        return DatasetSpec.model_json_schema()
