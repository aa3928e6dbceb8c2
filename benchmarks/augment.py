"""How fast pictures are cropped and augmented, and how far that is from starving a training step.

``python -m benchmarks.augment CORES`` keeps to so many cores and prints one JSON object a line:

- ``augment/… crop + mirror``: ``TrainLoader`` from 256 to 224 pixels, from raw, JPEG and PNG shards, against a bare
  loop in as many threads that gathers (or decodes with Pillow), cuts and mirrors with OpenCV.
- ``augment/… options``: pictures per second with more, over those of crop and mirror alone.
- ``augment/headroom …``: pictures per second of the loader over those of a training step of GoogLeNet in torch, where
  both have all of the cores; beside a GPU the loader has them to itself, and its own figure is the one to compare.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.dataset import compare, draw_photographs
from digits_core.contracts.backend import Batch, BuildContext
from digits_core.dataset.create import create_dataset
from digits_core.dataset.loader import TrainLoader
from digits_core.dataset.opened import SplitReader, open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.spec.augment import Augmentation
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.training.initialize import initial_arrays

COUNT, SIZE, CROP, BATCH = 512, 256, 224, 32
STEPS = {"raw": 60, "jpeg": 10, "png": 4}
MIRROR = Augmentation(flip="lr")
MORE = {
    "DIGITS: + rotate, scale, hsv, noise": {"rotate": 10, "scale": 0.07, "hsv": (0.02, 0.04, 0.06), "noise": 0.03},
    "random resized crop": {"area": (0.08, 1)},
    "random resized crop, jitter": {"area": (0.08, 1), "brightness": 0.4, "contrast": 0.4, "saturation": 0.4},
    "RandAugment 2, 9": {"randaugment": 2},
    "cutout": {"cutout": 64},
}
#: What takes the training step.
NETWORK = "googlenet"


def measure(cores: int) -> Iterator[dict[str, Any]]:
    """Every figure of this file on ``cores`` cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    words = "1 core" if cores == 1 else f"{cores} cores"
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(cores) as pool:
        folder = Path(name)
        draw_photographs(folder / "photographs", COUNT)
        figures = {}
        for encoding in STEPS:
            reader, title = make_split(folder, encoding), f"{encoding}, crop + mirror"
            ours = loading(reader, MIRROR, STEPS[encoding])
            bare = by_hand(stored(reader, encoding), STEPS[encoding], pool, cores)
            figures[title] = compare(f"augment/{title}, {words}", ours, bare, STEPS[encoding] * BATCH)
        reader = make_split(folder, "raw")
        plain = loading(reader, MIRROR, 10)
        for name, options in MORE.items():
            more, title = loading(reader, Augmentation(flip="lr", **options), 10), f"raw, {name}"
            figures[title] = compare(f"augment/{title}, {words}", more, plain, 10 * BATCH)
        yield from figures.values()
        if "torch" in discover().backends.available():
            stepped = step_pace(reader)
            for title, figure in figures.items():
                yield headroom(f"augment/headroom, {title}, {words}", figure["ours"], stepped)


def make_split(folder: Path, encoding: str) -> SplitReader:
    """The photographs as a dataset of 256 × 256 pixels."""
    place = folder / encoding
    if not place.exists():
        spec = DatasetSpec(
            name="bench", paths=(folder / "photographs",), width=SIZE, height=SIZE, encoding=encoding, val=0
        )
        create_dataset(spec, place, discover().dataset_sources)
    return open_dataset(place).split("train")


def loading(reader: SplitReader, options: Augmentation, steps: int) -> Callable[[], None]:
    """Our loader."""
    loader = TrainLoader(reader, Sampler(len(reader), BATCH, 0), CROP, 0, augment=options)

    def run() -> None:
        for step in range(steps):
            loader.batch(step)

    return run


def by_hand(pictures: list[Any], steps: int, pool: ThreadPoolExecutor, threads: int) -> Callable[[], None]:
    """Gather or decode, cut, mirror: the least that must be done, in as many threads."""
    random = np.random.default_rng(0)

    def make(task: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        out, indices, places = task
        for row, (index, (top, left, mirrored)) in enumerate(zip(indices.tolist(), places.tolist(), strict=True)):
            picture = pictures[index]
            pixels = picture if isinstance(picture, np.ndarray) else np.asarray(Image.open(io.BytesIO(picture)))
            cut = pixels[top : top + CROP, left : left + CROP]
            if mirrored:
                cv2.flip(cut, 1, out[row])
            else:
                out[row] = cut

    def run() -> None:
        for _ in range(steps):
            out = np.empty((BATCH, CROP, CROP, 3), np.uint8)
            indices = random.integers(0, len(pictures), BATCH)
            places = random.integers(0, (SIZE - CROP + 1, SIZE - CROP + 1, 2), (BATCH, 3))
            parts = [slice(BATCH * part // threads, BATCH * (part + 1) // threads) for part in range(threads)]
            list(pool.map(make, [(out[part], indices[part], places[part]) for part in parts]))

    return run


def stored(reader: SplitReader, encoding: str) -> list[Any]:
    """Every picture as it lies on disk: pixels, or a JPEG or PNG made anew."""
    pictures = list(reader.pictures(np.arange(len(reader))))
    if encoding == "raw":
        return [np.array(picture) for picture in pictures]
    encoded = []
    for picture in pictures:
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, encoding, quality=90)
        encoded.append(stream.getvalue())
    return encoded


def step_pace(reader: SplitReader) -> float:
    """Pictures per second of a training step in torch, the fastest of three after the first."""
    family, backend = discover().network_families.get(NETWORK)(), discover().backends.get("torch")()
    graph = family.build(family.Params(), NetworkInput(3, CROP, CROP, 1000, "none"))
    program = backend.build(graph, Sgd(), BackendOptions(), BuildContext(backend.devices()[0]))
    state = program.load(initial_arrays(graph, 0))
    images = TrainLoader(reader, Sampler(len(reader), BATCH, 0), CROP, 0).batch(0).images
    batch = program.place(Batch(images, np.zeros(BATCH, np.int32), np.ones(BATCH, np.float32)))
    times = []
    for step in range(4):
        started = time.perf_counter()
        state, scores = program.train_step(state, batch, 0.0, step)
        float(scores["loss"])
        times.append(time.perf_counter() - started)
    program.close()
    return BATCH / min(times[1:])


def headroom(title: str, loaded: float, stepped: float) -> dict[str, Any]:
    """How often over the loader feeds a step; both in pictures per second."""
    return {"name": title, "ours": loaded, "bare": round(stepped, 1), "ratio": round(loaded / stepped, 1)}


if __name__ == "__main__":
    for figure in measure(int(sys.argv[1])):
        print(json.dumps(figure), flush=True)
