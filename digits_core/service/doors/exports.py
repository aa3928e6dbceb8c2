"""Taking models away, in formats of other systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.exports import ExportView
    from digits_core.service.views.machine import PluginView


class Exports(Door):
    """Write models for other systems."""

    def export_formats(self) -> tuple[PluginView, ...]:
        """Every format, and whether what it needs is installed; imports none of it."""
        from digits_core.service.doctor import registry_view

        return registry_view(self.plugins.exporters)

    def export_name(self, model: str, to: str) -> str:
        """What the file or folder of an export is called where nobody says.

        Raises:
            NameUnknown: If there is no such format.
            PluginMissing: If what it needs is not installed.
        """
        return f"{model.replace('@', '-')}{self.plugins.exporters.get(to).suffix}"

    def export(
        self,
        model: str,
        to: str,
        destination: Path,
        *,
        precision: str = "fp32",
        calibrate: str | None = None,
        tolerance: float | None = None,
        force: bool = False,
        tell: Callable[[str], None] = lambda message: None,
    ) -> ExportView:
        """Write a model in another format, run what was written, and keep it if it gives the same probabilities.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, or the name of an imported model.
            to: Name of the format, see `export_formats`.
            destination: The file or folder; beside it goes ``DESTINATION.manifest.json``.
            precision: Number format of the weights: fp32, or fp16 or int8 where the format offers them.
            calibrate: ``DATASET`` or ``DATASET:split`` whose pictures int8 is calibrated on; empty: training pictures
                of the model's own dataset.
            tolerance: How far probabilities may differ; empty: 1e-4 in fp32, 0.02 in fp16, 0.1 on average in int8.
            force: Whether what is at the destination gives way.
            tell: Is told in sentences how far it is.

        Raises:
            RequestWrong: With everything that is wrong; nothing is written.
            ExportUnfaithful: If what was written computes something else; nothing is left of it.
        """
        from digits_core.service.exporting import ExportRequest, export_model

        request = ExportRequest(
            model, to, destination, precision=precision, calibrate=calibrate, tolerance=tolerance, force=force
        )
        return export_model(self.home, self.plugins, request, tell)
