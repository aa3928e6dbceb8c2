"""How much an evaluation adds to decoding and to ONNX Runtime, as ratios in one run.

``ours`` is what the job of ``digits evaluate`` does between its first and last picture: a split on disk, decoded by
threads, ONNX Runtime beside them, scores, intervals and calibration. ``bare`` decodes the same pictures from memory
with as many threads, keeps them, and then gives them to ONNX Runtime batch by batch; nothing is scored. Both decode and
compute on every core, so that doing both at once saves time only where a core would wait.

Contestants alternate; each figure is the median of its rounds, in pictures per second. Run:
``python -m benchmarks.evaluate``; it prints one JSON object a line.
"""

from __future__ import annotations

import io
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from PIL import Image

from benchmarks.dataset import compare
from digits_core.dataset.create import create_dataset
from digits_core.dataset.opened import Dataset, open_dataset
from digits_core.dataset.pipeline import usable_cpus
from digits_core.dataset.shards import open_shard
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.inference.evaluate import Scorer
from digits_core.inference.model import Model
from digits_core.inference.pictures import SplitPictures
from digits_core.inference.predicting import BATCH, predict
from digits_core.spec.dataset import DatasetSpec, PictureForm
from digits_core.spec.job import BackendOptions
from digits_core.training.initialize import initial_arrays
from digits_onnx.model import onnx_model

PICTURES = 10_000
#: Side, channels and encoding of the pictures; LeNet takes any.
FORMS = ((28, 1, "raw"), (28, 1, "png"), (96, 3, "jpeg"))


def measure() -> list[dict[str, Any]]:
    """Every figure of this file: name, ours and bare in pictures per second, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        return [measure_form(Path(name), *form) for form in FORMS]


def measure_form(folder: Path, side: int, channels: int, encoding: str) -> dict[str, Any]:
    """An evaluation of `PICTURES` pictures of one form."""
    opened = make_dataset(folder / f"{side}-{encoding}", side, channels, encoding)
    model = make_model(side, channels)
    reader, labels = opened.split("val"), opened.manifest.labels
    predictor = discover().runtimes.get("onnx")().load(model.graph, model.arrays)
    session = ort.InferenceSession(
        onnx_model(model.graph, model.arrays, (model.graph.output,), softmax=False).SerializeToString()
    )
    entry = session.get_inputs()[0].name
    stored = read_stored(opened)

    def ours() -> None:
        scorer = Scorer(labels, labels)
        for found in predict(predictor, model.graph.output, SplitPictures(reader, labels, model)):
            scorer.add(found.logits, reader.labels[found.numbers])
        assert scorer.evaluation().samples == PICTURES

    def bare() -> None:
        parts = [stored[start : start + BATCH] for start in range(0, PICTURES, BATCH)]
        with ThreadPoolExecutor(usable_cpus()) as pool:
            batches = list(pool.map(np.copy if encoding == "raw" else decode, parts))
        for batch in batches:
            session.run(None, {entry: batch})

    return compare(f"evaluate {side}x{side}x{channels} {encoding}", ours, bare, PICTURES)


def read_stored(opened: Dataset) -> Any:
    """The pictures to validate on as they are stored: pixels, or a list of encoded ones."""
    manifest = opened.manifest
    if manifest.encoding == "raw":
        return opened.split("val").read(np.arange(PICTURES))
    folder = opened.folder / manifest.version
    shards = (open_shard(folder / file.file, manifest.encoding, manifest.size) for file in manifest.shards["val"])
    return [picture.as_py() for shard in shards for picture in shard.encoded]


def decode(pictures: list[bytes]) -> np.ndarray:
    """Encoded pictures as uint8 ``[B, H, W, C]``."""
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(picture))) for picture in pictures])
    return pixels if pixels.ndim == 4 else pixels[..., None]


def make_dataset(folder: Path, side: int, channels: int, encoding: str) -> Dataset:
    """Pictures of two classes, all but a few of them to validate on."""
    draw = np.random.default_rng(0)
    for number in range(PICTURES + 10):
        noise = draw.integers(0, 256, (7, 7, channels), dtype=np.uint8)
        image = Image.fromarray(noise[:, :, 0] if channels == 1 else noise).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        split = "train" if number < 10 else "val"
        place = folder / split / f"class{number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{number:05d}.jpg", quality=90)
    spec = DatasetSpec(
        name="bench",
        paths=(folder / "train",),
        val_path=folder / "val",
        width=side,
        height=side,
        channels=channels,
        encoding=encoding,
    )
    create_dataset(spec, folder / "dataset", discover().dataset_sources)
    return open_dataset(folder / "dataset")


def make_model(side: int, channels: int) -> Model:
    """LeNet as it starts."""
    family = discover().network_families.get("lenet")()
    graph = family.build(family.Params(), NetworkInput(channels, side, side, 2))
    form = PictureForm(width=side, height=side, channels=channels, resize="squash")
    return Model("bench", graph, initial_arrays(graph, 0), ("class0", "class1"), form, BackendOptions())


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure), flush=True)
