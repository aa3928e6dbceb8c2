"""Whether an archive holds what it says: everything in it is used once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.archive import manifest as names
from digits_core.archive.model import archived_model, read_reference
from digits_core.archive.reading import ArchiveFiles, read_archive
from digits_core.contracts.exporter import Deployable
from digits_core.dataset.pictures import PictureUnreadable, Pixels, prepare_picture
from digits_core.errors import DigitsError
from digits_core.graph import codec
from digits_core.graph.graph import Graph
from digits_core.hooks.registry import Plugins
from digits_core.inference.exporting import TOLERANCES, deployable, probabilities_of
from digits_core.inference.model import Model, model_of
from digits_core.inference.pictures import as_seen
from digits_core.service.archiving import EXPORTER
from digits_core.service.runtimes import choose_runtime
from digits_core.service.views.archives import ArchiveCheckView
from digits_core.service.views.machine import CheckView
from digits_core.spec.files import parse_text

#: How far probabilities may lie from those of the machine that made the archive.
TOLERANCE = TOLERANCES["fp32"]


def verify_archive(plugins: Plugins, path: Path) -> ArchiveCheckView:
    """Use everything in an archive once; see `Digits.verify_archive`."""
    files = read_archive(path)
    archived = archived_model(files)
    pixels, expected = read_reference(files, archived)
    model = model_of(archived)
    checks = (
        CheckView(name="files", passed=True, found=f"{len(files.manifest.files)} files have their digests."),
        CheckView(name="weights", passed=True, found=f"All {len(model.arrays)} fit the network."),
        _check_network(files, model.graph),
        _check_picture(files, model, pixels),
        _compare("onnx", lambda: _run_onnx(plugins, deployable(model), files.data[names.ONNX], pixels), expected),
        _compare("agreement", lambda: _run_weights(plugins, model, pixels), expected),
    )
    passed = all(check.passed for check in checks)
    return ArchiveCheckView(file=str(path), digest=files.manifest.digest, checks=checks, passed=passed)


def _check_network(files: ArchiveFiles, graph: Graph) -> CheckView:
    try:
        written = codec.decode(parse_text(files.data[names.NETWORK].decode(), where=names.NETWORK))
        passed = codec.encode(written) == codec.encode(graph)
        told = f"{names.NETWORK} and {names.GRAPH} describe {'the same' if passed else 'different'} networks."
    except (DigitsError, UnicodeDecodeError) as reason:
        passed, told = False, f"{names.NETWORK} cannot be read: {reason}"
    return CheckView(name="network", passed=passed, found=told)


def _check_picture(files: ArchiveFiles, model: Model, pixels: Pixels) -> CheckView:
    try:
        picture = prepare_picture(files.data[names.REFERENCE_PICTURE], **model.picture.model_dump())
        passed = np.array_equal(as_seen(picture[None], model.graph.input), pixels)
        told = f"{names.REFERENCE_PICTURE} {'becomes' if passed else 'does not become'} {names.REFERENCE_INPUT}."
    except PictureUnreadable as reason:
        passed, told = False, f"{names.REFERENCE_PICTURE} cannot be read: {reason}."
    return CheckView(name="picture", passed=passed, found=told)


def _compare(name: str, compute: Callable[[], npt.NDArray[Any]], expected: npt.NDArray[Any]) -> CheckView:
    try:
        found = compute()
    except DigitsError:
        raise
    except Exception as reason:  # Runtimes have no common class for what they say of a file.
        said = (str(reason).strip() or type(reason).__name__).splitlines()[0]
        return CheckView(name=name, passed=False, found=f"It cannot be run: {said}")
    if found.shape != expected.shape:
        told = f"It gives {list(found.shape)}, and {list(expected.shape)} is expected."
        return CheckView(name=name, passed=False, found=told)
    difference = float(np.abs(found - expected).max())
    told = f"Probabilities differ from {names.REFERENCE_OUTPUT} by {difference:.1e}, at most {TOLERANCE:.0e} may be."
    return CheckView(name=name, passed=difference <= TOLERANCE, found=told)


def _run_onnx(plugins: Plugins, model: Deployable, data: bytes, pixels: Pixels) -> npt.NDArray[Any]:
    """What ONNX Runtime makes of the ONNX file."""
    with tempfile.TemporaryDirectory(prefix="digits-") as folder:
        file = Path(folder) / names.ONNX
        file.write_bytes(data)
        return plugins.exporters.get(EXPORTER)().run(model, file, pixels)


def _run_weights(plugins: Plugins, model: Model, pixels: Pixels) -> npt.NDArray[Any]:
    """What becomes of network and weights without the ONNX file."""
    return probabilities_of(deployable(model), choose_runtime(model, None, None, plugins).runtime, pixels)
