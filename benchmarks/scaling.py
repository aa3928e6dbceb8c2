"""Two devices against one: whole jobs on one core, and on two with a process each.

``python -m benchmarks.scaling torch`` prints one JSON object a line. *Weak*: every device works on as many pictures as
the one alone does; the efficiency is pace of two / (2 × pace of one). *Strong*: the same batch on both; the speed-up is
pace of two / pace of one. Jobs take turns; each figure is the median of its rounds.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from digits_core.service.digits import Digits

ROUNDS = 3
NETWORKS: dict[str, dict[str, Any]] = {
    "lenet": {"size": 28, "channels": 1, "batch": 128, "steps": 100},
    "inception": {"size": 64, "channels": 3, "batch": 32, "steps": 12},
}


def inception(width: int = 40) -> dict[str, Any]:
    """Two blocks in the manner of GoogLeNet: convolutions of 1, 3 and 5 side by side, larger ones after one of 1."""

    def conv(name: str, filters: int, kernel: int, source: str) -> list[dict[str, Any]]:
        layer = {"name": name, "op": "conv", "filters": filters, "kernel": kernel, "padding": kernel // 2}
        return [{**layer, "inputs": source}, {"name": f"{name}-relu", "op": "relu"}]

    layers = conv("stem", width, 5, "input")
    layers.append({"name": "pool", "op": "max_pool", "kernel": 2, "stride": 2})
    source = "pool"
    for block in ("a", "b"):
        for kernel in (1, 3, 5):
            reduced = source
            if kernel > 1:
                reduced = f"{block}{kernel}-reduce"
                layers += conv(reduced, width // kernel * 2, 1, source)
                reduced += "-relu"
            layers += conv(f"{block}{kernel}", width, kernel, reduced)
        layers.append({"name": block, "op": "concat", "inputs": [f"{block}{kernel}-relu" for kernel in (1, 3, 5)]})
        layers.append({"name": f"{block}-pool", "op": "max_pool", "kernel": 2, "stride": 2})
        source = f"{block}-pool"
    layers.append({"name": "average", "op": "global_average_pool"})
    layers.append({"name": "logits", "op": "dense", "units": "$classes"})
    return {"name": "inception", "input": {"scale": 0.01}, "layers": layers}


def make_dataset(digits: Digits, folder: Path, name: str, side: int, channels: int, count: int = 4096) -> None:
    """Noise in ten classes."""
    draw = np.random.default_rng(0)
    source = folder / f"{name}-idx"
    source.mkdir()
    pixels = draw.integers(0, 256, (count, side, side), dtype=np.uint8)
    labels = draw.integers(0, 10, count).astype(np.uint8)
    for part, array in (("images-idx3", pixels), ("labels-idx1", labels)):
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        (source / f"train-{part}-ubyte").write_bytes(header + array.tobytes())
    size = {"width": side, "height": side, "channels": channels}
    digits.create_dataset({"name": name, "paths": [str(source)], **size, "encoding": "raw", "val": 0})


def pace(digits: Digits, network: str, path: str, backend: str, devices: int, batch: int) -> float:
    """Images per second of one job, without its first step."""
    view = digits.train(
        {
            "dataset": network,
            "network": path,
            "backend": backend,
            "devices": f"cpu:{devices}",
            "batch": batch,
            "epochs": NETWORKS[network]["steps"] * batch / 4096,
            "validate_every": 0,
            "snapshots": {"every": 0},
            "solver": {"name": "sgd", "rate": 0.0001},
        }
    )
    assert view.state == "done" and view.images_per_second, view.error
    digits.delete_job(view.job)
    return view.images_per_second


def measure(backend: str) -> list[dict[str, Any]]:
    """A row per network."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        digits = Digits(folder / "home")
        for network, wanted in NETWORKS.items():
            make_dataset(digits, folder, network, wanted["size"], wanted["channels"])
            path = "lenet"
            if network != "lenet":
                path = str(folder / f"{network}.yaml")
                Path(path).write_text(yaml.safe_dump(inception()))
            batch = wanted["batch"]
            contestants = {"one": (1, batch), "weak": (2, 2 * batch), "strong": (2, batch)}
            speeds: dict[str, list[float]] = {key: [] for key in contestants}
            for _ in range(ROUNDS):
                for key, (devices, size) in contestants.items():
                    speeds[key].append(pace(digits, network, path, backend, devices, size))
            one, weak, strong = (statistics.median(speeds[key]) for key in contestants)
            rows.append(
                {
                    "subject": "scaling",
                    "backend": backend,
                    "network": network,
                    "batch": batch,
                    "one": round(one, 1),
                    "weak": round(weak, 1),
                    "strong": round(strong, 1),
                    "weak_efficiency": round(weak / (2 * one), 3),
                    "strong_speedup": round(strong / one, 3),
                }
            )
    return rows


if __name__ == "__main__":
    os.environ.setdefault("DIGITS_CPU_DEVICES", "2")
    for row in measure(sys.argv[1]):
        print(json.dumps(row), flush=True)
