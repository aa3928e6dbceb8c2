"""Networks trained: the whole of DIGITS over a loop written by hand, and over Keras.

``python -m benchmarks.training torch googlenet --precision bf16`` prints one JSON document. Everyone trains the same
network with the same batch and SGD of momentum 0.9 and decay from uint8 pictures, in fp32, or with activations in bf16
and weights in fp32. Ours is everything that ``digits train`` does for its steps: shards on disk, sampler, loader,
prefetch, schedule, journal. Keras' `fit` gets its pictures as float32 in memory, which is its fastest way. Nobody's
first steps count, in which frameworks trace, compile and choose their kernels; Keras' one epoch follows on a whole one
that did not count. How long the first step takes, and how much memory training takes, is measured in a process for
each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.contestants import HAND, KERAS, OURS, Ours, Theirs, enter
from benchmarks.duel import alternate
from benchmarks.handwritten.runner import Precision
from benchmarks.workloads import WORKLOADS, prepare_pictures


def measure(backend: str, network: str, precision: Precision = "fp32") -> dict[str, object]:
    """Speeds in images per second and their ratios; seconds to the first step, and MiB, of each alone."""
    names = (OURS,) if backend == "numpy" else (OURS, HAND, KERAS)
    with tempfile.TemporaryDirectory() as folder:
        prepare_pictures(WORKLOADS[network], Path(folder))
        alone = {name: _alone(name, network, backend, folder, precision) for name in names}
        contestants = {name: enter(name, network, backend, Path(folder), precision) for name in names}
        _check_sizes(contestants)
        found = alternate({name: contestant.turn for name, contestant in contestants.items()})
    return {
        "subject": "training",
        "backend": backend,
        "network": network,
        "precision": precision,
        "batch": WORKLOADS[network].batch,
        "unit": "images/s",
        "speed": {name: asdict(measured) for name, measured in found.items()},
        "ratios": {f"{OURS} / {name}": found[OURS].median / found[name].median for name in names[1:]},
        "alone": alone,
    }


def _alone(name: str, network: str, backend: str, folder: str, precision: Precision) -> dict[str, float]:
    words = [name, network, backend, folder, precision, repr(time.perf_counter())]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.alone", *words], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _check_sizes(contestants: dict[str, Ours | Theirs]) -> None:
    """Everyone trains as many numbers."""
    sizes = {name: contestant.parameters for name, contestant in contestants.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"expected networks of one size, found {sizes}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("backend")
    parser.add_argument("network", nargs="?", default="lenet", choices=WORKLOADS)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    print(json.dumps(measure(**vars(parser.parse_args()))))
