"""The model in an archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from digits_core.archive.manifest import (
    DATASET,
    GRAPH,
    JOB,
    LABELS,
    METRICS,
    PREPROCESSING,
    REFERENCE_INPUT,
    REFERENCE_OUTPUT,
    WEIGHTS,
    ArchiveManifest,
    Preprocessing,
    strict_json,
)
from digits_core.archive.reading import ArchiveFiles, read_archive, refuse
from digits_core.archive.refusal import Refused
from digits_core.archive.weights import read_array, read_weights
from digits_core.contracts.backend import Arrays
from digits_core.errors import DigitsError, ModelInvalid
from digits_core.graph import codec
from digits_core.graph.graph import Graph
from digits_core.spec.model import parse

_MODEL_FILES = (GRAPH, WEIGHTS, LABELS, PREPROCESSING)
_NOTES = (METRICS, DATASET, JOB)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ArchivedModel:
    """What is computed with.

    Attributes:
        path: The archive.
        manifest: What it says about itself.
        graph: The network.
        arrays: Every weight of it.
        labels: Names of the classes, by number; empty: unknown.
        preprocessing: What becomes of a picture before the network.
    """

    path: Path
    manifest: ArchiveManifest
    graph: Graph
    arrays: Arrays
    labels: tuple[str, ...]
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class ArchiveNotes:
    """What is told of a model, and nothing computes with.

    Attributes:
        manifest: What the archive says about itself.
        graph: The network.
        labels: Names of the classes, by number; empty: unknown.
        preprocessing: What becomes of a picture before the network.
        metrics: What was measured.
        dataset: What it was trained on.
        job: How it was trained.
    """

    manifest: ArchiveManifest
    graph: Graph
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    metrics: dict[str, Any]
    dataset: dict[str, Any]
    job: dict[str, Any]


def load_archive(path: Path) -> ArchivedModel:
    """The model in an archive.

    Raises:
        ModelInvalid: If anything about it is not as it has to be.
    """
    return archived_model(read_archive(path, _MODEL_FILES))


def archived_model(files: ArchiveFiles) -> ArchivedModel:
    """The model that the files of an archive are; see `load_archive`."""
    graph = _told(files, _graph)
    arrays = _told(files, lambda data: read_weights(data[WEIGHTS], graph, WEIGHTS))
    labels, preprocessing = _told(files, lambda data: (_labels(data, graph), _preprocessing(data, graph)))
    return ArchivedModel(files.path, files.manifest, graph, arrays, labels, preprocessing)


def read_notes(path: Path) -> ArchiveNotes:
    """What is told of the model in an archive; its weights are compared with their digest and not looked into.

    Raises:
        ModelInvalid: If the archive is damaged.
    """
    files = read_archive(path, (GRAPH, LABELS, PREPROCESSING, *_NOTES))
    graph = _told(files, _graph)
    labels, preprocessing = _told(files, lambda data: (_labels(data, graph), _preprocessing(data, graph)))
    metrics, dataset, job = _told(files, lambda data: [_mapping(data, name) for name in _NOTES])
    return ArchiveNotes(files.manifest, graph, labels, preprocessing, metrics, dataset, job)


def read_reference(files: ArchiveFiles, model: ArchivedModel) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """The reference input uint8 ``[1, H, W, C]`` and its probabilities float32 ``[1, classes]``.

    Raises:
        ModelInvalid: If they do not fit the network.
    """
    taken = model.graph.input
    shape = (1, taken.height, taken.width, taken.channels)
    return _told(
        files,
        lambda data: (
            read_array(data[REFERENCE_INPUT], "uint8", shape, REFERENCE_INPUT),
            read_array(data[REFERENCE_OUTPUT], "float32", (1, model.graph.classes), REFERENCE_OUTPUT),
        ),
    )


def _told(files: ArchiveFiles, read: Callable[[dict[str, bytes]], _T]) -> _T:
    """What ``read`` makes of the files; what is wrong with them is said of the archive."""
    try:
        return read(files.data)
    except Refused as refused:
        raise refuse(files.path, refused.reason, refused.hint) from None
    except ModelInvalid as wrong:
        raise refuse(files.path, wrong.problems[0].message.removesuffix(".")) from None


def _graph(data: dict[str, bytes]) -> Graph:
    plain = strict_json(data[GRAPH], GRAPH)
    try:
        # Only known operations: a native network is code.
        return codec.decode(plain, where=GRAPH)
    except DigitsError as wrong:
        raise Refused(f"its network cannot be built: {str(wrong.problems[0]).removesuffix('.')}") from None
    except (RecursionError, OverflowError, MemoryError) as reason:
        raise Refused(f"its network cannot be built: {reason}") from None


def _labels(data: dict[str, bytes], graph: Graph) -> tuple[str, ...]:
    try:
        text = data[LABELS].decode()
    except UnicodeDecodeError:
        raise Refused(f"{LABELS} is not UTF-8") from None
    labels = tuple(text.removesuffix("\n").split("\n")) if text else ()
    if len(labels) > graph.classes or len(set(labels)) != len(labels):
        raise Refused(
            f"{LABELS} names {len(labels)} classes, {len(set(labels))} of them different; at most "
            f"{graph.classes} are expected, each once"
        )
    return labels


def _preprocessing(data: dict[str, bytes], graph: Graph) -> Preprocessing:
    plain = strict_json(data[PREPROCESSING], PREPROCESSING)
    found = parse(Preprocessing, plain, where=PREPROCESSING, error=ModelInvalid)
    form, taken = found.picture, graph.input
    height, width = found.crop or (form.height, form.width)
    if (height, width, form.channels) != (taken.height, taken.width, taken.channels):
        raise Refused(
            f"{PREPROCESSING} gives pictures of {width}x{height}x{form.channels}, and the network takes "
            f"{taken.width}x{taken.height}x{taken.channels}"
        )
    if not (taken.height <= form.height <= 8192 and taken.width <= form.width <= 8192):
        raise Refused(f"{PREPROCESSING} has pictures of {form.width}x{form.height}")
    return found


def _mapping(data: dict[str, bytes], name: str) -> dict[str, Any]:
    plain = strict_json(data[name], name)
    if not isinstance(plain, dict):
        raise Refused(f"{name} is no JSON object")
    return plain
