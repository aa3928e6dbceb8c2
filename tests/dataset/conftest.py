import io

import numpy as np
import pytest
from PIL import Image

from digits_core.dataset.create import create_dataset
from digits_core.dataset.opened import open_dataset
from digits_core.hooks.registry import discover
from digits_core.spec.dataset import DatasetSpec


@pytest.fixture
def draw_classes(tmp_path):
    """Write ``counts`` noisy pictures per class as PNG: ``draw_classes({"cat": 10, "dog": 10})``."""

    def draw(counts, folder="source", size=(16, 12)):
        for number, (name, count) in enumerate(counts.items()):
            (tmp_path / folder / name).mkdir(parents=True)
            for index in range(count):
                pixels = np.random.default_rng([number, index]).integers(0, 256, (size[1], size[0], 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / folder / name / f"{index:03d}.png")
        return tmp_path / folder

    return draw


@pytest.fixture
def create(tmp_path):
    """Create and open a small raw dataset: ``create(source, val=20)``."""

    def made(*paths, name="d", **fields):
        request = {"width": 8, "height": 8, "encoding": "raw", **fields}
        folder = tmp_path / "datasets" / name
        create_dataset(DatasetSpec(name=name, paths=paths, **request), folder, discover().dataset_sources)
        return open_dataset(folder)

    return made


@pytest.fixture
def encode():
    """Encode an image, ``encode(image, "JPEG", quality=95)``."""

    def encoded(image, form="PNG", **options):
        stream = io.BytesIO()
        image.save(stream, form, **options)
        return stream.getvalue()

    return encoded
