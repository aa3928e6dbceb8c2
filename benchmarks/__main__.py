"""Measure everything, a process per subject, and write ``docs/reference/benchmarks.md``."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import agreement, startup
from benchmarks.contestants import HAND, KERAS, OURS
from benchmarks.predict import BATCHES
from benchmarks.workloads import WORKLOADS
from digits_core.hooks.registry import discover

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"
FRAMEWORKS = ("torch", "jax", "tensorflow")
CONTESTANTS = (OURS, HAND, KERAS)
#: What is told of each alone, and with how many digits.
SHOWN = {"first_step_s": 1, "peak_mib": 0}
DISTRIBUTIONS = {"torch": ("torch",), "jax": ("jax", "flax"), "tensorflow": ("tensorflow-cpu", "tensorflow")}

HEAD = """# Benchmarks

Speeds are ratios within one run: the contestants take turns in one process, and medians of five turns are compared.
Absolute figures belong to the machine below. `make bench` measures everything again and writes this page.
"""
TRAINING = """
## Training

SGD with momentum and decay, fp32: LeNet on MNIST-shaped pictures, AlexNet on colour pictures of 227 × 227, GoogLeNet
with its auxiliary losses and ResNet-50 on those of 224 × 224, all three with 1000 classes. *Ours* is the whole of
`digits train` for its steps: shards on disk, sampler, loader, prefetch, schedule, journal. *By hand* is the best loop
we could write in the framework ([source](../../benchmarks/handwritten)), with pictures in memory. *Keras* is Keras 3
`fit` on the framework. Theirs have one rate and decay for all weights; ours has those of biases apart where the network
says so.

| network | batch | backend | ours, images/s | by hand | Keras 3 | **ours / by hand** | **ours / Keras** |
|---|---|---|---|---|---|---|---|
"""
ALONE = """
Each in a process of its own: seconds from the start of the process to the end of the first step, everything imported,
built and compiled; and the most memory that the process had.

| network | backend | first step: ours, s | by hand | Keras 3 | memory: ours, MiB | by hand | Keras 3 |
|---|---|---|---|---|---|---|---|
"""
DATASETS = """
## Datasets

Creation over a bare loop that decodes and resizes with as many threads and keeps nothing; loading over a bare gather
from an array in memory.

| subject | ours | bare | **ours / bare** |
|---|---|---|---|
"""
AUGMENTATION = """
## Augmentation

Photographs of 256 × 256 pixels, cropped to 224, batch 32, in as many threads as cores. *crop + mirror*: over a bare
loop in as many threads. With more: over crop and mirror alone. *headroom*: pictures per second of the loader over those
of a training step of GoogLeNet in torch on the same cores; above 1 the loader keeps up.

| subject | ours | bare | **ours / bare** |
|---|---|---|---|
"""
EVALUATION = """
## Evaluation

10,000 pictures from a split on disk to scores, LeNet in ONNX Runtime: decoding in threads beside the network, over the
same decoding in as many threads and then the bare network, one after the other.

| subject | ours, images/s | bare | **ours / bare** |
|---|---|---|---|
"""
SCALING = """
## Two devices against one

Whole jobs on one core, and on two cores with a process each. *Weak*: as many pictures per device as the one alone has,
pace of two / (2 × pace of one). *Strong*: the same batch, pace of two / pace of one. *inception*: two blocks of
convolutions side by side, 64 × 64 pictures, batch 32; LeNet: batch 128.

| backend | network | one, images/s | two, weak | two, strong | **weak efficiency** | **strong speed-up** |
|---|---|---|---|---|---|---|
"""
PREDICTION = """
## Prediction without a framework

Pictures per second of ONNX Runtime, the default of `digits classify`, and of the backends, which `--runtime native`
uses; the same weights, pictures in memory, in turns.

| network | batch | backend | ONNX Runtime, images/s | backend | **ONNX Runtime / backend** |
|---|---|---|---|---|---|
"""
STARTUP = """
## Starting, queueing, listing

| subject | seconds | limit |
|---|---|---|
"""
SERVING = """
## The page

`digits serve` and a browser on one machine, medians: the first paint in a profile without a cache, and answers of a
home of 10,000 jobs once its server has started.

| subject | seconds | limit |
|---|---|---|
"""
GPU = """
## On a GPU

No GPU was at hand for the figures above. Where there is one, the same commands use it:

```sh
make bench                                                            # this page
digits train mnist lenet --devices gpu --precision bf16 --epochs 2    # images/s at its end
digits device watch                                                   # beside: nvidia-smi dmon
```
"""
AGREEMENT = """
## Agreement

Largest relative difference of the first fifty losses to those of numpy in float32: LeNet, handwritten digits, batch 16,
the median of three seeds. [Why rates are moderate](../explanation/arithmetic.md#where-agreement-ends).

| solver | rate | torch | jax | tensorflow |
|---|---|---|---|---|
"""


def main() -> None:
    """Measure what is installed and write the page."""
    here = [name for name in FRAMEWORKS if name in discover().backends.available()]
    text = HEAD + "\n" + _machine(here)
    trained = [_run("training", name, network)[0] for network in WORKLOADS for name in here]
    text += TRAINING + "".join(map(_training_row, trained)) + ALONE + "".join(map(_alone_row, trained))
    text += DATASETS + "".join(_dataset_row(row) for row in _run("dataset"))
    text += AUGMENTATION + "".join(_dataset_row(row) for cores in ("1", "2") for row in _run("augment", cores))
    text += EVALUATION + "".join(_dataset_row(row) for row in _run("evaluate"))
    text += SCALING + "".join(_scaling_row(row) for name in here for row in _run("scaling", name))
    text += PREDICTION + "".join(
        _prediction_row(row) for network in BATCHES for name in here for row in _run("predict", network, name)
    )
    text += STARTUP + "".join(
        f"| {row['subject']} | {row['seconds']:.3f} | {row['limit_s']} |\n"
        for row in (*startup.measure(), *_run("scheduling"), *_run("search"))
    )
    text += SERVING + "".join(map(_serving_row, _run("pages"))) + _followed(*_run("followers"))
    text += GPU
    text += AGREEMENT + _agreement_rows(here)
    PAGE.write_text(text)
    print(f"wrote {PAGE}")


def _run(subject: str, *words: str) -> list[dict[str, Any]]:
    print(f"measuring {subject} {' '.join(words)}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{subject}", *words], check=True, stdout=subprocess.PIPE, text=True
    )
    print(done.stdout, end="", file=sys.stderr, flush=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _training_row(found: dict[str, Any]) -> str:
    ratios = found["ratios"]
    speeds = [_spread(found["speed"][name]) for name in CONTESTANTS]
    gains = [f"**{ratios[f'{OURS} / {name}']:.2f}**" for name in CONTESTANTS[1:]]
    return _row(found["network"], found["batch"], found["backend"], *speeds, *gains)


def _alone_row(found: dict[str, Any]) -> str:
    alone = [found["alone"][name] for name in CONTESTANTS]
    seconds, memory = ([f"{one[key]:,.{digits}f}" for one in alone] for key, digits in SHOWN.items())
    return _row(found["network"], found["backend"], *seconds, *memory)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def _spread(speed: dict[str, float]) -> str:
    digits = 0 if speed["median"] >= 100 else 1
    return "{median:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})".format(digits=digits, **speed)


def _dataset_row(found: dict[str, Any]) -> str:
    return f"| {found['name']} | {found['ours']:,.0f} | {found['bare']:,.0f} | **{found['ratio']:.2f}** |\n"


def _scaling_row(found: dict[str, Any]) -> str:
    speeds = " | ".join(f"{found[key]:,.0f}" for key in ("one", "weak", "strong"))
    ratios = f"**{found['weak_efficiency']:.2f}** | **{found['strong_speedup']:.2f}**"
    return f"| {found['backend']} | {found['network']} | {speeds} | {ratios} |\n"


def _prediction_row(found: dict[str, Any]) -> str:
    speeds = [f"{found[key]:,.{0 if found[key] >= 100 else 1}f}" for key in ("onnx", "native")]
    return _row(found["network"], found["batch"], found["backend"], *speeds, f"**{found['ratio']:.2f}**")


def _serving_row(found: dict[str, Any]) -> str:
    if "seconds" in found:
        return _row(found["subject"], f"{found['seconds']:.3f}", found["limit_s"])
    growth = found["blocks_after"] / found["blocks_before"] - 1
    return f"\n{found['subject'].capitalize()}: {found['clients']} pages kept, {growth:+.1%} blocks of memory.\n"


def _followed(found: dict[str, Any]) -> str:
    speeds = f"{found['followed']:,.0f} images/s, {found['alone']:,.0f} without them"
    return f"Training that {found['subject']} watch event by event: {speeds} (**{found['ratio']:.2f}**).\n"


def _agreement_rows(here: list[str]) -> str:
    losses = {name: _run("agreement", name)[0] for name in ("numpy", *here)}
    rows = ""
    for solver, rate in agreement.RATES.items():
        expected = losses["numpy"][solver]
        cells = [
            f"{agreement.difference(losses[name][solver], expected):.0e}" if name in here else "" for name in FRAMEWORKS
        ]
        rows += f"| {solver} | {rate:g} | {' | '.join(cells)} |\n"
    return rows


def _machine(here: list[str]) -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    packages = [f"{name} {version(name)}" for key in here for name in DISTRIBUTIONS[key] if _installed(name)]
    gpu = "with a GPU" if shutil.which("nvidia-smi") else "no GPU"
    words = [f"{os.cpu_count()} cores of {model}", gpu, f"Python {platform.python_version()}", *packages]
    return f"Measured on {datetime.date.today():%Y-%m-%d}: {', '.join(words)}, Keras {version('keras')}.\n"


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
