"""Looking inside a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from digits_core.dataset.progress import Progress, Silence
from digits_core.service.doors.door import Door
from digits_core.spec.model import parse

if TYPE_CHECKING:
    from digits_core.service.inspection import Inspected
    from digits_core.spec.inspection import InspectionSpec


class Inspecting(Door):
    """What every layer makes of a picture, and what it has learned."""

    def inspect(self, request: InspectionSpec | Mapping[str, Any], *, progress: Progress | None = None) -> Inspected:
        """Look into every layer of a model while it looks at a picture.

        Args:
            request: What is asked for.
            progress: Is told of pictures with a hidden part.

        Returns:
            Numbers in its ``view``; it also gives a page of HTML, and writes PNG files.

        Raises:
            NameUnknown: If there is no such model, layer, class, runtime or backend.
            SourceInvalid: If the picture cannot be read.
            CapabilityMissing: If who computes cannot compute the network, or tells no gradients for Grad-CAM.
            RequestWrong: With everything that is wrong.
        """
        from digits_core.service.inspection import inspect_model
        from digits_core.spec.inspection import InspectionSpec

        asked = request if isinstance(request, InspectionSpec) else parse(InspectionSpec, request)
        return inspect_model(self.home, self.plugins, asked, progress or Silence())
