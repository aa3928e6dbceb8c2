"""Certificates of parity for every family and solver, and the page that shows them.

``python -m benchmarks.certificates FOLDER`` asks ``digits parity`` for those that FOLDER does not hold yet, the
quickest networks first, and writes the page of those that it does; it can be interrupted and called again. All of them
take a day on two cores: ``make certificates``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from digits_core.parity.certificate import Certificate

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "certificates.md"
#: Networks, the quickest first; other depths of a family hold no other operations.
NETWORKS = (
    "lenet squeezenet-1.1 vit-tiny resnet-18 mobilenet-v2 alexnet efficientnet-b0 convnext-tiny googlenet unet-encoder "
    "vgg-11 resnet-34 vit-small resnet-50 vgg-16"
).split()
SOLVERS = ("sgd", "nesterov", "adagrad", "adam", "adamw", "rmsprop")
PRECISIONS = ("fp64", "fp32")
STEPS = "4"
HEAD = f"""# Certificates

`digits parity` for the families, written by `make certificates`: {STEPS} steps, batch 8 unless the certificate says
otherwise, drawn pictures, one processor, against the numpy backend in float64. Each figure is the largest error that a
backend had in that check, relative to the largest element of the array; **bold** is beyond its tolerance. *Steps* is
the largest of losses, weights, solver slots, evaluation after the steps, and going on in another backend. How
tolerances come about: [prove that backends agree](../how-to/prove-that-backends-agree.md).

| network | solver | precision | backend | forward | gradients | steps | checks |
|---|---|---|---|---|---|---|---|
"""
#: Which checks make up which column.
COLUMNS = (("forward", "loss"), ("gradients", "statistics"), ("losses", "weights", "evaluation", "resume"))


def wanted() -> Iterator[tuple[str, str, str]]:
    """Network, solver and precision of every certificate; the plain solver first."""
    for solver in SOLVERS:
        for precision in PRECISIONS:
            yield from ((network, solver, precision) for network in NETWORKS)


def ask(folder: Path, network: str, solver: str, precision: str) -> None:
    """Have a certificate made, unless it is there."""
    path = folder / f"{network}-{solver}-{precision}.json"
    if not path.exists():
        words = ["parity", network, "--solver", solver, "--precision", precision, "--steps", STEPS, "--devices", "cpu"]
        print(f"{network} {solver} {precision}", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "digits_core.cli.start", *words, "-o", str(path)]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rows(certificate: Certificate) -> Iterator[str]:
    """A line of the table for each backend."""
    for backend in certificate.backends:
        checks = {check.check: check for check in certificate.checks if check.backend == backend}
        cells = []
        for column in COLUMNS:
            there = [checks[name] for name in column if name in checks]
            error = max((float("inf") if check.error is None else check.error for check in there), default=0.0)
            cells.append(f"{error:.0e}" if all(check.passed for check in there) else f"**{error:.0e}**")
        held = sum(check.passed for check in checks.values())
        words = (certificate.network, certificate.solver["name"], certificate.precision, backend, *cells)
        yield f"| {' | '.join(words)} | {held} of {len(checks)} |\n"


def main(folder: Path) -> None:
    """Ask for what is missing, and write the page after each."""
    folder.mkdir(parents=True, exist_ok=True)
    for network, solver, precision in wanted():
        ask(folder, network, solver, precision)
        write_page(folder)


def write_page(folder: Path) -> None:
    """The page of the certificates in ``folder``."""
    paths = (folder / f"{network}-{solver}-{precision}.json" for network, solver, precision in wanted())
    found = [Certificate.model_validate_json(path.read_bytes()) for path in paths if path.exists()]
    PAGE.write_text(HEAD + "".join(row for certificate in found for row in rows(certificate)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
