"""Measure everything, a process per subject, and write ``docs/reference/benchmarks.md``."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks import agreement
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

Rows: TypeAlias = list[dict[str, Any]]
#: Runs a subject with its words; its status and what it printed.
Run: TypeAlias = Callable[..., tuple[int, str]]

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
python -m benchmarks.training torch resnet-50 --precision bf16        # everybody's activations in bf16
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
MISSING = """
## Not measured

These failed, and what they would have told is missing above:

"""


def run_apart(subject: str, *words: str) -> tuple[int, str]:
    """The status and the standard output of ``python -m benchmarks.SUBJECT``."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{subject}", *words], check=False, stdout=subprocess.PIPE, text=True
    )
    return done.returncode, done.stdout


def main(page: Path = PAGE, run: Run = run_apart) -> int:
    """Measure what is installed, and write the page after every subject; gives the status of the process."""
    text, subjects = "", Subjects(run)
    for piece in _pieces([name for name in FRAMEWORKS if name in discover().backends.available()], subjects.measure):
        text += piece
        page.write_text(text + subjects.missing())
    print(f"wrote {page}")
    return 1 if subjects.failed else 0


class Subjects:
    """Subjects one after the other; one that fails takes nothing from the others.

    Args:
        run: Runs a subject.

    Attributes:
        failed: The words of those that failed.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.failed: list[str] = []

    def measure(self, *words: str) -> Rows:
        """What a subject has measured; of one that failed, until then."""
        print(f"measuring {' '.join(words)}", file=sys.stderr, flush=True)
        status, out = self._run(*words)
        print(out, end="", file=sys.stderr, flush=True)
        if status:
            self.failed.append(" ".join(words))
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    def missing(self) -> str:
        """What the page says of those that failed."""
        return MISSING + "".join(f"- `python -m benchmarks.{words}`\n" for words in self.failed) if self.failed else ""


def _pieces(here: list[str], measure: Callable[..., Rows]) -> Iterator[str]:
    """The page from top to bottom; what a piece tells is measured when it is asked for."""
    yield HEAD + "\n" + _machine(here) + TRAINING
    trained: Rows = []
    for network, name in product(WORKLOADS, here):
        rows = measure("training", name, network)
        trained += rows
        yield "".join(map(_training_row, rows))
    yield ALONE + "".join(map(_alone_row, trained))
    for head, row, subjects in _tables(here):
        yield head
        for words in subjects:
            yield "".join(map(row, measure(*words)))
    yield GPU + AGREEMENT
    yield _agreement_rows({name: rows[0] for name in ("numpy", *here) if (rows := measure("agreement", name))})


def _tables(here: list[str]) -> Iterator[tuple[str, Callable[[dict[str, Any]], str], list[tuple[str, ...]]]]:
    """What is above a table, how its rows are written, and the subjects that give them."""
    yield DATASETS, _dataset_row, [("dataset",)]
    yield AUGMENTATION, _dataset_row, [("augment", "1"), ("augment", "2")]
    yield EVALUATION, _dataset_row, [("evaluate",)]
    yield SCALING, _scaling_row, [("scaling", name) for name in here]
    yield PREDICTION, _prediction_row, [("predict", network, name) for network in BATCHES for name in here]
    yield STARTUP, _startup_row, [("startup",), ("scheduling",), ("search",)]
    yield SERVING, _serving_row, [("pages",)]
    yield "", _followed, [("followers",)]


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


def _startup_row(found: dict[str, Any]) -> str:
    return _row(found["subject"], f"{found['seconds']:.3f}", found["limit_s"])


def _serving_row(found: dict[str, Any]) -> str:
    if "seconds" in found:
        return _startup_row(found)
    growth = found["blocks_after"] / found["blocks_before"] - 1
    return f"\n{found['subject'].capitalize()}: {found['clients']} pages kept, {growth:+.1%} blocks of memory.\n"


def _followed(found: dict[str, Any]) -> str:
    speeds = f"{found['followed']:,.0f} images/s, {found['alone']:,.0f} without them"
    return f"Training that {found['subject']} watch event by event: {speeds} (**{found['ratio']:.2f}**).\n"


def _agreement_rows(losses: dict[str, agreement.Losses]) -> str:
    expected = losses.get("numpy", {})
    return "".join(
        _row(
            solver,
            f"{agreement.CALMED[solver].rate:g}",
            *(
                f"{agreement.difference(losses[name][solver], runs):.0e}" if name in losses else ""
                for name in FRAMEWORKS
            ),
        )
        for solver, runs in expected.items()
    )


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
    sys.exit(main())
