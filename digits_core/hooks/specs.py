"""The hooks a plugin may implement; each returns entries and has no side effects."""

from __future__ import annotations

import pluggy

from digits_core.contracts.entry import Entry

PROJECT = "digits"
hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks the functions of a plugin module that implement hooks.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def digits_backends() -> list[Entry]:  # type: ignore[empty-body]
    """Backends: targets are subclasses of `digits_core.contracts.backend.Backend`."""


@hookspec
def digits_dataset_sources() -> list[Entry]:  # type: ignore[empty-body]
    """Dataset sources: targets are subclasses of `digits_core.contracts.dataset_source.DatasetSource`."""


@hookspec
def digits_network_families() -> list[Entry]:  # type: ignore[empty-body]
    """Network families: targets are subclasses of `digits_core.contracts.network_family.NetworkFamily`."""


@hookspec
def digits_network_importers() -> list[Entry]:  # type: ignore[empty-body]
    """Importers of networks: targets are subclasses of `digits_core.contracts.network_importer.NetworkImporter`."""


@hookspec
def digits_model_importers() -> list[Entry]:  # type: ignore[empty-body]
    """Importers of models: targets are subclasses of `digits_core.contracts.model_importer.ModelImporter`."""


@hookspec
def digits_augmentations() -> list[Entry]:  # type: ignore[empty-body]
    """Augmentations: targets are subclasses of `digits_core.contracts.augmentation.PictureAugmentation`."""


@hookspec
def digits_solvers() -> list[Entry]:  # type: ignore[empty-body]
    """Solvers: targets are subclasses of `digits_core.spec.solver.SolverBase` that name a rule for each backend."""


@hookspec
def digits_launchers() -> list[Entry]:  # type: ignore[empty-body]
    """Launchers: targets are subclasses of `digits_core.contracts.launcher.Launcher`."""


@hookspec
def digits_runtimes() -> list[Entry]:  # type: ignore[empty-body]
    """Runtimes that predict: targets are subclasses of `digits_core.contracts.runtime.Runtime`."""


@hookspec
def digits_exporters() -> list[Entry]:  # type: ignore[empty-body]
    """Exporters: targets are subclasses of `digits_core.contracts.exporter.Exporter`."""


@hookspec
def digits_trackers() -> list[Entry]:  # type: ignore[empty-body]
    """Trackers: targets are subclasses of `digits_core.contracts.tracker.Tracker`."""


@hookspec
def digits_extend_cli() -> list[Entry]:  # type: ignore[empty-body]
    """Commands of ``digits``: targets are subclasses of `digits_core.contracts.command.Command`."""
