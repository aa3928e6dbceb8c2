"""What goes into an archive, file by file."""

from __future__ import annotations

import io
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy
from PIL import Image

from digits_core.archive import manifest as names
from digits_core.archive.manifest import Preprocessing
from digits_core.archive.weights import npy
from digits_core.contracts.backend import Arrays
from digits_core.errors import ModelInvalid
from digits_core.graph import codec
from digits_core.graph.customize import customize
from digits_core.graph.graph import MEAN, Graph
from digits_core.spec.files import dump_json

RECEIVER = Path(__file__).parent / "receiver"
#: Classes that the README names.
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that nobody owns, by which a receiver sees that what runs computes what it should.

    Attributes:
        picture: uint8 ``[H, W, C]``, in the form that pictures are brought into.
        pixels: The same as the network takes it, uint8 ``[1, h, w, C]``.
        output: Probabilities float32 ``[1, classes]``.
    """

    picture: npt.NDArray[np.uint8]
    pixels: npt.NDArray[np.uint8]
    output: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything about a model that is handed on.

    Attributes:
        name: What it is called.
        license: Under which licence; empty: nobody said.
        graph: The network.
        arrays: Every weight of it.
        labels: Names of the classes, by number; empty: unknown.
        preprocessing: What becomes of a picture before the network.
        metrics: What was measured.
        dataset: What it was trained on.
        job: How it was trained.
        onnx: Network and weights as ONNX: uint8 pictures in, probabilities out.
        reference: A picture, and what the ONNX model makes of it.
    """

    name: str
    license: str
    graph: Graph
    arrays: Arrays
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    metrics: dict[str, Any]
    dataset: dict[str, Any]
    job: dict[str, Any]
    onnx: bytes
    reference: Reference


def archive_files(contents: Contents) -> dict[str, bytes]:
    """Every file but the manifest; equal contents give equal files.

    Raises:
        ModelInvalid: If the name of a class takes several lines.
    """
    reference = contents.reference
    arrays = {name: np.require(contents.arrays[name], requirements="C") for name in contents.graph.parameters}
    files = {
        names.README: _readme(contents).encode(),
        names.USE_ARCHIVE: (RECEIVER / names.USE_ARCHIVE).read_bytes(),
        names.EXAMPLE: (RECEIVER / names.EXAMPLE).read_bytes(),
        names.NETWORK: customize(contents.graph).encode(),
        names.GRAPH: dump_json(codec.encode(contents.graph)).encode(),
        names.LABELS: _label_lines(contents.labels).encode(),
        names.PREPROCESSING: dump_json(contents.preprocessing.model_dump(mode="json")).encode(),
        names.METRICS: dump_json(contents.metrics).encode(),
        names.DATASET: dump_json(contents.dataset).encode(),
        names.JOB: dump_json(contents.job).encode(),
        names.REFERENCE_PICTURE: _png(reference.picture),
        names.REFERENCE_INPUT: npy(reference.pixels),
        names.REFERENCE_OUTPUT: npy(reference.output),
        names.WEIGHTS: safetensors.numpy.save(arrays),
        names.ONNX: contents.onnx,
    }
    if MEAN in arrays:
        files[names.MEAN_FILE] = npy(arrays[MEAN])
    return files


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    plain: npt.NDArray[np.uint8] = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(plain).save(stream, "PNG")
    return stream.getvalue()


def _label_lines(labels: tuple[str, ...]) -> str:
    for label in labels:
        if "\n" in label or not label:
            message = f"A class is called {label!r}, and labels.txt has one name a line."
            raise ModelInvalid(message, hint="Give the class another name in a new version of the dataset.")
    return "".join(f"{label}\n" for label in labels)


def _readme(contents: Contents) -> str:
    form, taken = contents.preprocessing.picture, contents.graph.input
    colours = {1: "gray", 3: "RGB"}
    size = f"{form.width}x{form.height}"
    cut = f", then the middle {taken.width}x{taken.height} is cut out" if contents.preprocessing.crop else ""
    template = string.Template((RECEIVER / names.README).read_text(encoding="utf-8"))
    return template.substitute(
        name=contents.name,
        licensed=f"Licence: {contents.license}." if contents.license else "No licence was named: ask who made it.",
        network=contents.graph.name,
        parameters=f"{contents.graph.parameter_count:,}",
        classes=contents.graph.classes,
        labels=_named(contents.labels),
        picture=f"{colours.get(form.channels, '')} {size}, others are brought to size by `{form.resize}`{cut}",
        dataset=contents.dataset.get("name", "(not known)"),
        metrics=_measured(contents.metrics),
        height=taken.height,
        width=taken.width,
        channels=taken.channels,
        colours=colours.get(taken.channels, ""),
    )


def _named(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:MOST_NAMED]) + (", …" if len(labels) > MOST_NAMED else "") or "names are not known"


def _measured(metrics: dict[str, Any]) -> str:
    values = {name: value for name, value in metrics.get("metrics", {}).items() if isinstance(value, float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in sorted(values.items())) or "(nothing)"
