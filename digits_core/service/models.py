"""Imported models as read models."""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path

from digits_core.errors import DigitsError
from digits_core.service.views.networks import ModelView
from digits_core.store.home import Home
from digits_core.store.models import WEIGHTS, ModelFolder


def list_models(home: Home) -> tuple[ModelView, ...]:
    """Every imported model, by name; damaged ones are left out."""
    found = []
    for name in home.model_names():
        with contextlib.suppress(DigitsError, OSError):
            found.append(model_view(ModelFolder(home.model_folder(name))))
    return tuple(found)


def model_view(folder: ModelFolder) -> ModelView:
    """The model in ``folder``, in words and numbers."""
    record, graph = folder.record(), folder.graph()
    taken, form = graph.input, record.picture
    return ModelView(
        name=folder.name,
        created=record.created,
        importer=record.importer,
        files=record.files,
        network=graph.name,
        parameters=graph.parameter_count,
        classes=graph.classes,
        labels=record.labels,
        input=(taken.height, taken.width, taken.channels),
        picture=(form.height, form.width, form.channels),
        resize=form.resize,
        mean=taken.mean,
        size_bytes=(folder.path / WEIGHTS).stat().st_size,
        notes=record.notes,
    )


def archived_view(path: Path) -> ModelView:
    """The model in an archive, in words and numbers.

    Raises:
        ModelInvalid: If it is damaged.
    """
    # Imported where there is an archive: lists of models need nothing of it.
    from digits_core.archive.model import read_notes

    notes = read_notes(path)
    taken, form, status = notes.graph.input, notes.preprocessing.picture, path.stat()
    written = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
    licence = (f"Licence: {notes.manifest.license}",) if notes.manifest.license else ()
    return ModelView(
        name=str(path),
        created=written.isoformat(timespec="seconds"),
        importer="archive",
        files=(path.name,),
        network=notes.graph.name,
        parameters=notes.graph.parameter_count,
        classes=notes.graph.classes,
        labels=notes.labels,
        input=(taken.height, taken.width, taken.channels),
        picture=(form.height, form.width, form.channels),
        resize=form.resize,
        mean=taken.mean,
        size_bytes=status.st_size,
        notes=licence,
    )
