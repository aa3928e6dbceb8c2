"""How much the dataset room adds to the bare work, as ratios in one run.

- ``dataset/create raw``: ``create_dataset`` to synced shards on disk against a thread loop that reads, decodes and
  resizes the same pictures, with as many threads, and keeps nothing. Both decode at full size (JPEG reduction begins at
  twice the target, which these pictures do not reach) and resize by the same bilinear filter; the bare loop converts to
  RGB only what is not, which saves it a copy.
- ``dataset/create raw, kept``: the same against a loop that also writes what it made to one file and syncs it, which is
  the least that any dataset needs.
- ``dataset/load …``: ``TrainLoader`` over mapped raw shards against a gather from arrays in memory.

Contestants alternate; each figure is the median of its rounds, in pictures per second. ``cpu_ratio`` compares processor
time, which other work on the machine disturbs less. Run: ``python benchmarks/dataset.py``; it prints one JSON object a
line.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image, ImageFilter

from digits_core.dataset import shard_writer
from digits_core.dataset.create import create_dataset
from digits_core.dataset.loader import TrainLoader
from digits_core.dataset.opened import open_dataset
from digits_core.dataset.pipeline import usable_cpus
from digits_core.dataset.sampler import Sampler
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import DatasetSpec

ROUNDS = 5
PHOTOGRAPHS = 2000
SIZE = 256


def measure() -> list[dict[str, Any]]:
    """Every figure of this file: name, ours and bare in pictures per second, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [
            measure_creation(folder, "dataset/create raw", kept=False),
            measure_creation(folder, "dataset/create raw, kept", kept=True),
            measure_loader(folder, "28x28x1, batch 64", (28, 28, 1), count=40_960, batch=64, steps=2000),
            measure_loader(
                folder, "28x28x1, batch 64, 4 shards", (28, 28, 1), count=40_960, batch=64, steps=500, shards=4
            ),
            measure_loader(
                folder, "28x28x1, batch 1024, 4 shards", (28, 28, 1), count=40_960, batch=1024, steps=50, shards=4
            ),
            measure_loader(folder, "256x256x3, batch 32", (256, 256, 3), count=2_000, batch=32, steps=150),
        ]


def measure_creation(folder: Path, title: str, *, kept: bool) -> dict[str, Any]:
    """Creation of a raw dataset from JPEG files of 500x375, the commonest size in ImageNet."""
    source = folder / "photographs"
    if not source.exists():
        draw_photographs(source, PHOTOGRAPHS)
    paths = sorted(source.rglob("*.jpg"))
    spec = DatasetSpec(name="bench", paths=(source,), width=SIZE, height=SIZE, encoding="raw")
    sources = discover().dataset_sources

    def ours() -> None:
        create_dataset(spec, folder / "created", sources)

    def bare() -> None:
        with ThreadPoolExecutor(usable_cpus()) as pool, open(folder / "bare", "wb") as stream:
            for pixels in pool.map(decode_and_resize, paths):
                if kept:
                    stream.write(pixels.data)
            stream.flush()
            os.fsync(stream.fileno())

    def clean() -> None:
        shutil.rmtree(folder / "created", ignore_errors=True)
        (folder / "bare").unlink(missing_ok=True)

    return compare(title, ours, bare, len(paths), after=clean)


def decode_and_resize(path: Path) -> np.ndarray:
    """What any pipeline must do with a photograph."""
    with Image.open(path) as image:
        image.load()
        pixels = image if image.mode == "RGB" else image.convert("RGB")
        return np.asarray(pixels.resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def measure_loader(
    folder: Path, title: str, shape: tuple[int, int, int], *, count: int, batch: int, steps: int, shards: int = 1
) -> dict[str, Any]:
    """Batches from mapped shards against fancy indexing of arrays in memory, in the same order."""
    dataset_folder = folder / title.replace(", ", "-")
    height, width, channels = shape
    source = folder / f"{dataset_folder.name}-idx"
    write_idx(source, count, height, width)
    spec = DatasetSpec(
        name="bench", paths=(source,), width=width, height=height, channels=channels, encoding="raw", val=0
    )
    with patch.object(shard_writer, "RAW_SHARD_BYTES", -(-count // shards) * height * width * channels):
        manifest = create_dataset(spec, dataset_folder, discover().dataset_sources)
    assert len(manifest.shards["train"]) == shards, "the count must be made of whole chunks"
    reader = open_dataset(dataset_folder).split("train")
    images = reader.read(np.arange(len(reader)))
    labels = reader.labels.copy()
    sampler = Sampler(len(reader), batch, seed=0)
    loader = TrainLoader(reader, sampler, crop=None, seed=0)
    order = np.concatenate([sampler.indices(step) for step in range(steps)])

    def ours() -> None:
        for step in range(steps):
            loader.batch(step)

    def bare() -> None:
        for start in range(0, steps * batch, batch):
            indices = order[start : start + batch]
            images[indices], labels[indices]

    return compare(f"dataset/load {title}", ours, bare, steps * batch)


def compare(
    name: str,
    ours: Callable[[], None],
    bare: Callable[[], None],
    pictures: int,
    after: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Alternate both, after one round of each that does not count."""
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    cpu_seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS + 1):
        for contestant, run in (("bare", bare), ("ours", ours)):
            start, cpu_start = time.perf_counter(), time.process_time()
            run()
            seconds[contestant].append(time.perf_counter() - start)
            cpu_seconds[contestant].append(time.process_time() - cpu_start)
            if after is not None:
                after()
    speed = {contestant: pictures / statistics.median(times[1:]) for contestant, times in seconds.items()}
    return {
        "name": name,
        "ours": round(speed["ours"], 1),
        "bare": round(speed["bare"], 1),
        "ratio": round(_ratio(seconds), 3),
        "cpu_ratio": round(_ratio(cpu_seconds), 3),
        "unit": "pictures/s",
    }


def _ratio(seconds: dict[str, list[float]]) -> float:
    pairs = zip(seconds["bare"][1:], seconds["ours"][1:], strict=True)
    return statistics.median(bare_s / ours_s for bare_s, ours_s in pairs)


def draw_photographs(folder: Path, count: int) -> None:
    """JPEG files with the statistics of photographs: smooth colours, edges and grain."""
    draw = np.random.default_rng(0)
    for number in range(count):
        noise = draw.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        image = Image.fromarray(noise).resize((500, 375), Image.Resampling.BICUBIC)
        grain = draw.integers(-12, 13, (375, 500, 1))
        image = Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))
        place = folder / f"class{number % 4}"
        place.mkdir(parents=True, exist_ok=True)
        image.filter(ImageFilter.SHARPEN).save(place / f"{number:05d}.jpg", quality=90)


def write_idx(folder: Path, count: int, height: int, width: int) -> None:
    """Gray noise as IDX files."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (count, height, width), dtype=np.uint8)
    labels = draw.integers(0, 10, count).astype(np.uint8)
    folder.mkdir(parents=True)
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        (folder / name).write_bytes(header + array.tobytes())


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure), flush=True)
