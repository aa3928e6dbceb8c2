"""A model that was saved, as backends read it: where users have a path, `module` takes it.

A model is an archive, read as everywhere; or ``graph.json`` and ``weights.safetensors`` side by side, as in the folder
of an imported model or of an archive that was unpacked; or a snapshot of a job, whose network lies in the job's folder.
All of it is data, and nothing is written anywhere.
"""

from __future__ import annotations

from pathlib import Path

import safetensors
import safetensors.numpy

from digits_core.archive.manifest import GRAPH, WEIGHTS, strict_json
from digits_core.archive.model import load_archive
from digits_core.contracts.backend import Arrays, shown_weights
from digits_core.errors import ModelInvalid
from digits_core.graph.codec import decode
from digits_core.graph.graph import Graph

SNAPSHOTS, SOLVER = "snapshots", "solver.safetensors"


def given_model(model: Graph | Path | str, arrays: Arrays | None) -> tuple[Graph, Arrays]:
    """What `module` of a backend was given: a graph with its weights, or where they were saved.

    Raises:
        ModelInvalid: If only one of the two was given, or nothing that can be read is there.
        NetworkInvalid: If the graph is none that can be built from data alone, as a native network.
    """
    if isinstance(model, Graph):
        if arrays is None:
            raise ModelInvalid(f"Network {model.name} expects its weights, found none.", hint="Give arrays as well.")
        return model, arrays
    if arrays is not None:
        raise ModelInvalid("A path expects no arrays besides.", where=str(model), hint="Give the path alone.")
    return read_saved(Path(model))


def read_saved(path: Path) -> tuple[Graph, Arrays]:
    """The network and the weights at ``path``: a folder or an archive.

    Raises:
        ModelInvalid: If there is no model, its files are damaged, or an archive is not as it has to be.
        NetworkInvalid: If the graph in a folder is none that can be built from data alone, as a native network.
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise _no_model(path, "is not there")
    model = load_archive(path)
    return model.graph, model.arrays


def _read_folder(folder: Path) -> tuple[Graph, Arrays]:
    _check_one(folder)
    network = folder.parent.parent / GRAPH if folder.parent.name == SNAPSHOTS else folder / GRAPH
    arrays = _arrays(folder / WEIGHTS)
    if (folder / SOLVER).is_file():  # where averages were kept, they are what validation measured
        arrays |= _arrays(folder / SOLVER)
    return _network(network), shown_weights(arrays)


def _check_one(folder: Path) -> None:
    snapshots = folder / SNAPSHOTS
    if snapshots.is_dir() and not (folder / WEIGHTS).exists():
        saved = ", ".join(sorted(path.name for path in snapshots.iterdir() if path.name[:1] != ".")) or "none yet"
        raise ModelInvalid(
            f"{folder} is the folder of a job, which has several snapshots.",
            where=str(folder),
            hint=f"Name one of them, {snapshots / 'NAME'}: {saved}.",
        )


def _network(file: Path) -> Graph:
    data = _content(file)
    try:
        plain = strict_json(data, file.name)
    except ModelInvalid as wrong:
        raise _no_model(file.parent, f"cannot be read: {wrong.problems[0].message.removesuffix('.')}") from None
    return decode(plain, where=str(file))


def _arrays(file: Path) -> Arrays:
    try:
        return dict(safetensors.numpy.load(_content(file)))
    except safetensors.SafetensorError as reason:
        raise _no_model(file.parent, f"holds weights that are not safetensors: {reason}") from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as reason:
        raise _no_model(file.parent, f"cannot be read: {file.name}: {reason.strerror}") from None


def _no_model(path: Path, what: str) -> ModelInvalid:
    return ModelInvalid(
        f"Model {path.name} {what}.",
        where=str(path),
        hint="Give an archive, or a folder with graph.json and weights.safetensors.",
    )
