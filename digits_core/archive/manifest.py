"""``manifest.json``: what an archive is and which files it holds, with the digest of each."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from digits_core.errors import ModelInvalid
from digits_core.spec.dataset import PictureForm
from digits_core.spec.files import dump_json
from digits_core.spec.model import Spec, parse

MANIFEST = "manifest.json"
#: What the files of an archive are called; nothing else may be in it.
NETWORK, GRAPH, WEIGHTS, ONNX = "network.yaml", "graph.json", "weights.safetensors", "model.onnx"
LABELS, MEAN_FILE, PREPROCESSING = "labels.txt", "mean.npy", "preprocessing.json"
METRICS, DATASET, JOB = "metrics.json", "dataset.json", "job.json"
REFERENCE_PICTURE, REFERENCE_INPUT, REFERENCE_OUTPUT = "reference.png", "reference.npy", "reference-output.npy"
USE_ARCHIVE, EXAMPLE, README = "use_archive.py", "example.py", "README.md"

_MIB = 2**20
#: The files in the order in which they are written, and the most bytes that each may have.
MOST_BYTES = {
    README: _MIB,
    USE_ARCHIVE: _MIB,
    EXAMPLE: _MIB,
    NETWORK: 4 * _MIB,
    GRAPH: 16 * _MIB,
    LABELS: 16 * _MIB,
    PREPROCESSING: _MIB,
    METRICS: _MIB,
    DATASET: 64 * _MIB,
    JOB: _MIB,
    MEAN_FILE: 1024 * _MIB,
    REFERENCE_PICTURE: 1024 * _MIB,
    REFERENCE_INPUT: 1024 * _MIB,
    REFERENCE_OUTPUT: 64 * _MIB,
    WEIGHTS: 8192 * _MIB,
    ONNX: 2048 * _MIB,
}
#: Most bytes of the manifest itself.
MOST_MANIFEST_BYTES = _MIB
#: Files that a model can do without.
OPTIONAL = frozenset({MEAN_FILE})

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
#: One line of readable text.
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$", max_length=200)]


class ArchivedFile(Spec):
    """A file of an archive."""

    size_bytes: int = Field(ge=0)
    """Its size."""
    sha256: Digest
    """Its SHA-256, in hexadecimal."""


class ArchiveManifest(Spec):
    """What an archive says about itself; the first file in it."""

    format: Literal["digits/archive"] = "digits/archive"
    """What kind of file this is."""
    version: Literal[1] = 1
    """Version of the format."""
    name: Line
    """The model: ``JOB@000003-epoch``, or the name of an imported one."""
    license: Line = ""
    """Under which licence the model is handed on, best an SPDX expression; empty: nobody said."""
    files: dict[str, ArchivedFile]
    """Every other file."""

    def encode(self) -> bytes:
        """The file; equal manifests give equal bytes."""
        return dump_json(self.model_dump(mode="json")).encode()

    @property
    def digest(self) -> str:
        """``sha256:…`` of the file, and so of everything in the archive, whatever form it was packed in."""
        return f"sha256:{hashlib.sha256(self.encode()).hexdigest()}"


class Preprocessing(Spec):
    """What becomes of a picture before the network, RGB or gray; mean and scale are inside the network."""

    picture: PictureForm
    """The form that it is brought into."""
    crop: tuple[int, int] | None = None
    """Height and width of the middle that is cut out then; empty: all of it is taken."""


def decode_manifest(data: bytes, where: str) -> ArchiveManifest:
    """The manifest that ``data`` is.

    Raises:
        ModelInvalid: If it is none, is of a version that is not known here, or names files that no archive has.
    """
    plain = strict_json(data, MANIFEST)
    if not isinstance(plain, dict) or plain.get("format") != "digits/archive":
        raise ModelInvalid(f"{MANIFEST} is not that of an archive.", where=where)
    if plain.get("version") != 1:
        message = f"The archive has format version {plain.get('version')!r}, and 1 is known here."
        raise ModelInvalid(message, where=where, hint="Update DIGITS: pip install --upgrade digits.")
    manifest = parse(ArchiveManifest, plain, where=f"{where}, {MANIFEST}", error=ModelInvalid)
    if manifest.encode() != data:
        raise ModelInvalid(f"{MANIFEST} is not written as archives are.", where=where)
    return manifest


def strict_json(data: bytes, name: str) -> Any:
    """Plain data from JSON without repeated keys, NaN or infinity.

    Raises:
        ModelInvalid: If ``data`` is something else, or is nested too deeply.
    """
    try:
        return json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as reason:
        raise ModelInvalid(f"{name} is not valid JSON: {reason}.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number")
