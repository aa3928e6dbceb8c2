"""What is trained when training is measured: networks, pictures, and how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from digits_core.dataset.create import create_dataset
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network, choose_family
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.solver import Sgd

#: Files and folder that `prepare_pictures` makes.
IMAGES, LABELS, DATASET = "images.npy", "labels.npy", "bench"


@dataclass(frozen=True, slots=True)
class Workload:
    """A network and its pictures.

    Attributes:
        network: Its family, maybe with params; pictures have the size that it usually takes.
        batch: Pictures per step.
        count: Pictures there are.
        warm_up: Steps of every turn that do not count; the first one at least.
        steps: Steps of every turn that count.
        solver: How weights are updated.
    """

    network: str
    batch: int
    count: int
    warm_up: int
    steps: int
    solver: Sgd

    @property
    def input(self) -> NetworkInput:
        """Size of pictures and number of classes; the mean picture is subtracted."""
        usual = choose_family(self.network, discover().network_families).family.usual_input
        return replace(usual, mean="image")

    def graph(self) -> Graph:
        """The network as ours."""
        return build_network(self.network, self.input, discover().network_families)


_SLOW = Sgd(rate=0.001, momentum=0.9, decay=0.0005)

#: By the names that networks have here.
WORKLOADS = {
    "lenet": Workload("lenet", 64, 40_000, 40, 600, Sgd(rate=0.01, momentum=0.9, decay=0.0005)),
    "alexnet": Workload("alexnet:scale=0.0125", 16, 512, 1, 4, _SLOW),
    "googlenet": Workload("googlenet:scale=0.0125", 8, 512, 1, 4, _SLOW),
    "resnet-50": Workload("resnet-50", 8, 512, 1, 2, _SLOW),
}


def prepare_pictures(workload: Workload, folder: Path) -> None:
    """Make the pictures of a workload: as arrays in files, and as a dataset of raw shards through the public door."""
    images, labels = make_pictures(workload)
    np.save(folder / IMAGES, images)
    np.save(folder / LABELS, labels)
    source = folder / "idx"
    source.mkdir()
    for part, array in (("images-idx3", images[..., 0]), ("labels-idx1", labels.astype(np.uint8))):
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        (source / f"train-{part}-ubyte").write_bytes(header + array.tobytes())
    height, width, channels = images.shape[1:]
    spec = DatasetSpec(
        name="bench", paths=(source,), width=width, height=height, channels=channels, encoding="raw", val=0
    )
    create_dataset(spec, folder / DATASET, discover().dataset_sources, None)


def make_pictures(workload: Workload) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Random blobs of ten classes that can be told apart, as uint8 ``[N, H, W, C]`` and int32 ``[N]``."""
    random, input = np.random.default_rng(0), workload.input
    labels = random.integers(0, 10, workload.count).astype(np.int32)
    centres = random.integers(0, 200, (10, input.height, input.width, 1), dtype=np.uint8)
    gray = centres[labels] + random.integers(0, 56, (workload.count, *centres.shape[1:]), dtype=np.uint8)
    return np.repeat(gray, input.channels, axis=3), labels
