"""Networks before they are trained: for whoever is choosing or writing one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.networks import SizedFamilyView, SketchView


class Sketches(Door):
    """Networks that are being chosen or written."""

    def sketch(self, request: Mapping[str, Any]) -> SketchView:
        """The network of a request that is not finished: drawn, counted, with what it starts from and what is wrong.

        Args:
            request: As for `submit`, as far as it is known: a network or a start, maybe a dataset.
        """
        from digits_core.service.sketching import sketch

        return sketch(request, self.home, self.plugins)

    def sized_networks(self, dataset: str | None = None) -> tuple[SizedFamilyView, ...]:
        """Networks that can be named, as large as they are for the pictures of a dataset.

        Args:
            dataset: The dataset; None: the usual input of each.

        Raises:
            NameUnknown: If there is no such dataset.
        """
        from digits_core.service.sketching import sized_families

        return tuple(sized_families(dataset, self.home, self.plugins))

    def family_form(self, network: str) -> dict[str, Any]:
        """The JSON schema of what can be set of a network, for forms.

        Raises:
            NameUnknown: If there is no such family.
        """
        from digits_core.service.sketching import family_form

        return family_form(network, self.plugins)

    def network_of_job(self, job: str) -> str:
        """The network of a job as the text of a network file.

        Raises:
            NameUnknown: If there is no such job.
            NetworkInvalid: If it is a Python file.
        """
        from digits_core.service.sketching import text_of

        return text_of(self._job(job).graph())
