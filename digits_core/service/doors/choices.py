"""What forms offer: backends, policies, solvers, and the requests themselves as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.choices import BackendView, ChoiceView


class Choices(Door):
    """What can be asked for."""

    def backends(self) -> tuple[BackendView, ...]:
        """Every backend, and what it claims here, the preferred ones first; imports no framework into this process.

        The first call takes seconds: each is asked in a process of its own. The answers are remembered in the home.

        Raises:
            SpecInvalid: If the settings do not say what they should.
        """
        from digits_core.service.claims import backend_views

        return backend_views(self.home, self.plugins)

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
