"""A model that was saved, as backends read it: where users have a path, `module` takes it.

A model is ``graph.json`` and ``weights.safetensors``: side by side in the folder of an imported model, or in an archive
that was unpacked or is still packed; or a snapshot of a job, whose network lies in the job's folder. Both files are
data, and nothing is written anywhere.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import safetensors
import safetensors.numpy

from digits_core.contracts.backend import Arrays, shown_weights
from digits_core.errors import ModelInvalid
from digits_core.graph.codec import decode
from digits_core.graph.graph import Graph

GRAPH, WEIGHTS, SOLVER = "graph.json", "weights.safetensors", "solver.safetensors"
SNAPSHOTS = "snapshots"
#: Larger members of an archive are not read: a network of some thousand layers is a megabyte.
MOST_BYTES = {GRAPH: 64 * 2**20, WEIGHTS: 16 * 2**30}

#: Reads one file of a model by its name.
_Read: TypeAlias = Callable[[str], bytes]


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
    """The network and the weights at ``path``: a folder or an archive (.zip, .tar, .tar.gz, .tgz, .tar.bz2).

    Raises:
        ModelInvalid: If there is no model, or its files are damaged.
        NetworkInvalid: If the graph is none that can be built from data alone, as a native network.
    """
    try:
        if path.is_dir():
            return _read_folder(path)
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        if path.is_file() and tarfile.is_tarfile(path):
            return _read_tar(path)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, tarfile.TarError) as reason:
        raise _no_model(path, f"cannot be read: {reason}") from reason
    raise _no_model(path, "is neither a folder nor an archive" if path.exists() else "is not there")


def _read_folder(folder: Path) -> tuple[Graph, Arrays]:
    snapshots = folder / SNAPSHOTS
    if snapshots.is_dir() and not (folder / WEIGHTS).exists():
        saved = ", ".join(sorted(path.name for path in snapshots.iterdir() if path.name[:1] != ".")) or "none yet"
        raise ModelInvalid(
            f"{folder} is the folder of a job, which has several snapshots.",
            where=str(folder),
            hint=f"Name one of them, {snapshots / 'NAME'}: {saved}.",
        )
    network = folder.parent.parent / GRAPH if folder.parent.name == SNAPSHOTS else folder / GRAPH
    arrays = _arrays((folder / WEIGHTS).read_bytes(), folder)
    if (folder / SOLVER).is_file():  # where averages were kept, they are what validation measured
        arrays |= _arrays((folder / SOLVER).read_bytes(), folder)
    return _model(network.read_bytes(), arrays, folder)


def _read_zip(path: Path) -> tuple[Graph, Arrays]:
    with zipfile.ZipFile(path) as archive:

        def read(name: str) -> bytes:
            _require_small(path, name, archive.getinfo(name).file_size)
            return archive.read(name)

        return _read_members(read, path)


def _read_tar(path: Path) -> tuple[Graph, Arrays]:
    with tarfile.open(path) as archive:
        members = {member.name.removeprefix("./"): member for member in archive if member.isfile()}

        def read(name: str) -> bytes:
            _require_small(path, name, members[name].size)
            stream = archive.extractfile(members[name]) or io.BytesIO()
            return stream.read()

        return _read_members(read, path)


def _read_members(read: _Read, path: Path) -> tuple[Graph, Arrays]:
    return _model(read(GRAPH), _arrays(read(WEIGHTS), path), path)


def _model(network: bytes, arrays: Arrays, where: Path) -> tuple[Graph, Arrays]:
    return decode(json.loads(network), where=str(where / GRAPH)), shown_weights(arrays)


def _arrays(data: bytes, where: Path) -> Arrays:
    try:
        return dict(safetensors.numpy.load(data))
    except safetensors.SafetensorError as reason:
        raise _no_model(where, f"holds weights that are not safetensors: {reason}") from None


def _require_small(path: Path, name: str, size_bytes: int) -> None:
    if size_bytes > MOST_BYTES[name]:
        raise _no_model(path, f"expects {name} of at most {MOST_BYTES[name]:,} bytes, found {size_bytes:,}")


def _no_model(path: Path, what: str) -> ModelInvalid:
    return ModelInvalid(
        f"Model {path.name} {what}.",
        where=str(path),
        hint="Give an archive, or a folder with graph.json and weights.safetensors.",
    )
