"""The folder of an imported model: what it is, its network and its weights.

::

    models/NAME/
      weights.safetensors   weights under canonical names      graph.json   the network, every shape known
      model.json            written last, with the digests of both
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from digits_core.disk import new_folder
from digits_core.errors import ModelInvalid, NameTaken, NameUnknown, suggest
from digits_core.spec.dataset import PictureForm
from digits_core.spec.files import dump_json
from digits_core.spec.model import Name, Spec
from digits_core.store.home import Home
from digits_core.store.weights import read_weights, write_weights

if TYPE_CHECKING:
    from digits_core.contracts.backend import Arrays
    from digits_core.graph.graph import Graph

GRAPH, WEIGHTS, RECORD = "graph.json", "weights.safetensors", "model.json"


class ModelRecord(Spec):
    """What an imported model says about itself."""

    format: Literal[1] = 1
    """Version of this file's form."""
    name: Name
    """Name of its folder."""
    created: str
    """Moment of the import, ISO 8601, UTC."""
    importer: str
    """Who read it."""
    files: tuple[str, ...]
    """Names of the files that it was read from."""
    labels: tuple[str, ...]
    """Names of the classes, by number; empty: nobody said."""
    picture: PictureForm
    """The form that pictures are brought into."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
    digests: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of its files; filled in by `ModelFolder.create`."""


class ModelFolder:
    """An imported model's folder; every method reads or writes the disk.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, home: Home, record: ModelRecord, graph: Graph, arrays: Arrays) -> ModelFolder:
        """Make the folder of a new model, complete or not at all.

        Raises:
            NameTaken: If there is a model of that name.
            StorageUnusable: If the disk is full, read-only or not ours.
        """
        from digits_core.graph.codec import encode

        path = home.model_folder(record.name)
        try:
            with new_folder(path) as folder:
                network = dump_json(encode(graph)).encode()
                (folder / GRAPH).write_bytes(network)
                digests = {
                    GRAPH: hashlib.sha256(network).hexdigest(),
                    WEIGHTS: write_weights(folder / WEIGHTS, arrays),
                }
                complete = record.model_copy(update={"digests": digests})
                (folder / RECORD).write_text(dump_json(complete.model_dump(mode="json")), encoding="utf-8")
        except FileExistsError:
            raise NameTaken(f"A model {record.name!r} exists already.", hint="Choose another name.") from None
        return cls(path)

    @classmethod
    def find(cls, home: Home, name: str) -> ModelFolder:
        """The folder of the model called ``name``.

        Raises:
            NameUnknown: If there is none; with close matches.
        """
        if name not in home.model_names():
            raise NameUnknown(f"There is no model {name!r}.", hint=suggest(name, home.model_names()))
        return cls(home.model_folder(name))

    @property
    def name(self) -> str:
        """The model's name, that of its folder."""
        return self.path.name

    def record(self) -> ModelRecord:
        """What it says about itself.

        Raises:
            ModelInvalid: If it cannot be read.
        """
        path = self.path / RECORD
        try:
            return ModelRecord.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as reason:
            raise _damaged(path, f"cannot be read: {reason}") from None

    def graph(self) -> Graph:
        """The network.

        Raises:
            ModelInvalid: If its file is damaged.
            NetworkInvalid: If it is not one that can be built here.
        """
        from digits_core.graph.codec import decode

        path = self.path / GRAPH
        try:
            data = path.read_bytes()
        except OSError as reason:
            raise _damaged(path, f"cannot be read: {reason.strerror}") from None
        if hashlib.sha256(data).hexdigest() != self.record().digests.get(GRAPH):
            raise _damaged(path, "has another SHA-256 than it was written with")
        return decode(json.loads(data), where=str(path))

    def arrays(self) -> Arrays:
        """The weights.

        Raises:
            ModelInvalid: If their file is damaged.
        """
        return read_weights(self.path / WEIGHTS, self.record().digests.get(WEIGHTS, ""), _damaged)


def _damaged(path: Path, what: str) -> ModelInvalid:
    name = path.parent.name
    return ModelInvalid(
        f"Model {name} is damaged: {path.name} {what}.",
        where=str(path),
        hint=f"Delete it and import it again: digits model delete {name}.",
    )
