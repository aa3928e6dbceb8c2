"""Certificates of parity for every family and solver, and the page that shows them.

``python -m benchmarks.certificates FOLDER`` makes those that FOLDER does not hold yet and writes the page of those that
it does; it can be interrupted and called again, and waits between two of them while ``FOLDER/pause`` exists. First the
plain solver for every network, then network by network whatever else there is, with one process for each backend. It
takes hours: ``make certificates``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from digits_core.errors import DigitsError
from digits_core.hooks.registry import discover
from digits_core.parity.certificate import Certificate
from digits_core.service.parity import certify_each
from digits_core.store.home import Home

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "certificates.md"
#: Networks, the quickest first; other depths of a family hold no other operations.
NETWORKS = (
    "lenet squeezenet-1.1 vit-tiny resnet-18 mobilenet-v2 alexnet efficientnet-b0 convnext-tiny googlenet unet-encoder "
    "vgg-11"
).split()
#: What is compared with every solver where the whole network takes the reference minutes: the same layers, narrower.
NARROW = {
    "resnet-18": "resnet-18:width=16",
    "alexnet": "alexnet:hidden=512",
    "googlenet": "googlenet:width=0.25",
    "unet-encoder": "unet-encoder:width=16",
    "vgg-11": "vgg-11:width=16,hidden=512",
}
SOLVERS = ("sgd", "nesterov", "adagrad", "adam", "adamw", "rmsprop")
PRECISIONS = ("fp64", "fp32")
STEPS = 4
#: JAX keeps what it has compiled for the next process: evaluation is the same program for every solver.
COMPILED = {
    "JAX_COMPILATION_CACHE_DIR": "compiled",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
#: Seconds between looks at whether to go on.
PAUSE_S = 5.0
HEAD = f"""# Certificates

`digits parity` for the families, written by `make certificates`: {STEPS} steps, batch 8 unless the certificate says
otherwise, drawn pictures, one processor, against the numpy backend in float64. Each figure is the largest error that a
backend had in that check, relative to the largest element of the array, in arrays that are telling; **bold** is beyond
its tolerance. *Steps* is the largest of losses, weights, solver slots, evaluation after the steps, and going on in
another backend. *Telling* is the share of all arrays that rounding alone takes by less than a hundredth. Networks that
take the reference minutes are compared whole with one solver, and narrower with all. How tolerances come about:
[prove that backends agree](../how-to/prove-that-backends-agree.md).

| network | solver | precision | backend | forward | gradients | steps | telling | checks |
|---|---|---|---|---|---|---|---|---|
"""
#: Which checks make up which column.
COLUMNS = (("forward", "loss"), ("gradients", "statistics"), ("losses", "weights", "evaluation", "resume"))


class Wanted(NamedTuple):
    """What a certificate is about."""

    network: str
    solver: str
    precision: str

    def path(self, folder: Path) -> Path:
        """Where it is kept."""
        return folder / f"{self.network}-{self.solver}-{self.precision}.json"


def wanted() -> list[Wanted]:
    """Every certificate, in the order of the page."""
    return list(dict.fromkeys(each for network in NETWORKS for each in (_whole(network), *_solvers(network))))


def _whole(network: str) -> Wanted:
    return Wanted(network, SOLVERS[0], PRECISIONS[0])


def _solvers(network: str) -> list[Wanted]:
    return [Wanted(NARROW.get(network, network), *words) for words in product(SOLVERS, PRECISIONS)]


def batches() -> Iterator[list[Wanted]]:
    """Certificates that are made together; every network comes early with one of them."""
    for network in NETWORKS:
        yield [_whole(network)]
    for network in NETWORKS:
        yield _solvers(network)


def make(folder: Path, together: Sequence[Wanted]) -> None:
    """Make those that are not there; one that cannot be made is said and left out."""
    missing = [each for each in together if not each.path(folder).exists()]
    while missing:
        began = time.monotonic()
        try:
            for certificate in certify_each(map(_request, missing), Home.default(), discover(), _say):
                each = missing.pop(0)
                document = json.dumps(certificate.model_dump(mode="json"), indent=2, ensure_ascii=False)
                each.path(folder).write_text(f"{document}\n")
                write_page(folder)
                verdict = "holds" if certificate.passed else "FAILS"
                _say(f"{' '.join(each)} {verdict} after {time.monotonic() - began:.0f} s.")
                while (folder / "pause").exists():
                    time.sleep(PAUSE_S)
                began = time.monotonic()
        except DigitsError as reason:
            _say(f"{' '.join(missing.pop(0))} cannot be made: {reason}")


def _request(each: Wanted) -> dict[str, object]:
    network, solver, precision = each
    return {
        "network": network,
        "solver": {"name": solver},
        "precision": precision,
        "steps": STEPS,
        "devices": "cpu",
    }


def _say(sentence: str) -> None:
    print(time.strftime("%H:%M:%S"), sentence, file=sys.stderr, flush=True)


def rows(certificate: Certificate) -> Iterator[str]:
    """A line of the table for each backend."""
    for backend in certificate.backends:
        checks = {check.check: check for check in certificate.checks if check.backend == backend}
        cells = []
        for column in COLUMNS:
            there = [checks[name] for name in column if name in checks]
            error = max((float("inf") if check.error is None else check.error for check in there), default=0.0)
            cells.append(f"{error:.0e}" if all(check.passed for check in there) else f"**{error:.0e}**")
        telling = sum(check.telling for check in checks.values()) / sum(check.arrays for check in checks.values())
        cells.append(f"{telling:.0%}" if telling < 1 else "all")
        held = sum(check.passed for check in checks.values())
        words = (certificate.network, certificate.solver["name"], certificate.precision, backend, *cells)
        yield f"| {' | '.join(words)} | {held} of {len(checks)} |\n"


def main(folder: Path) -> None:
    """Make what is missing, and write the page after each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in COMPILED.items():
        os.environ.setdefault(name, str(folder.resolve() / value) if name.endswith("DIR") else value)
    for together in batches():
        make(folder, together)
    write_page(folder)


def write_page(folder: Path) -> None:
    """The page of the certificates in ``folder``."""
    paths = [each.path(folder) for each in wanted()]
    found = [Certificate.model_validate_json(path.read_bytes()) for path in paths if path.exists()]
    PAGE.write_text(HEAD + "".join(row for certificate in found for row in rows(certificate)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
