"""The checks of a certificate: which arrays are compared, and how different they may be.

The error of an array is its largest difference from the reference, relative to the reference's largest element. Arrays
that are next to nothing beside others of their kind are taken relative to a thousandth of the largest element of these:
the gradient of an offset that the next batch norm takes away again is but the rounding of sums of large numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import SLOT_PREFIX
from digits_core.graph.graph import Graph
from digits_core.parity.certificate import Check
from digits_core.parity.findings import Findings, Found

#: The share of the largest element of a kind of arrays that errors are at least relative to.
NEGLIGIBLE = 1e-3
#: By how many times a backend may be further from the reference than rounding alone takes the reference from itself.
ROUNDINGS = 10.0
#: An array that may be further off than this, since rounding alone takes it so far, proves little.
TELLING = 1e-2


@dataclass(frozen=True, slots=True)
class Comparison:
    """One check.

    Attributes:
        name: What it is called; the group of arrays that backends leave for it.
        group: The group of the reference.
        tolerances: By precision.
        meaning: What is compared, for people.
    """

    name: str
    group: str
    tolerances: Mapping[str, float]
    meaning: str


def _equal() -> dict[str, float]:
    return {"fp32": 0.0, "fp64": 0.0}


def _within(fp32: float) -> dict[str, float]:
    return {"fp32": fp32, "fp64": 1e-10}


#: In the order in which a difference in one of them would bring one in the next.
COMPARISONS = (
    Comparison("batches", "batches", _equal(), "pictures and labels of a step"),
    Comparison("initial-weights", "initial-weights", _equal(), "weights as they start"),
    Comparison("forward", "forward", _within(1e-5), "activations of every layer"),
    Comparison("loss", "loss", _within(1e-5), "loss and hits, in training and evaluation"),
    Comparison("statistics", "statistics", _within(1e-4), "running statistics after a step"),
    Comparison("gradients", "gradients", _within(1e-4), "gradients of every weight"),
    Comparison("losses", "losses", _within(1e-4), "losses of all steps"),
    Comparison("weights", "weights", _within(1e-4), "weights and solver slots after all steps"),
    Comparison("evaluation", "evaluation", _within(1e-4), "activations and scores after all steps"),
    Comparison("resume", "weights", _within(1e-4), "weights after going on from another backend's middle"),
    Comparison("devices", "weights", _within(1e-4), "weights after training on several devices"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One array beside the reference's.

    Attributes:
        name: Its name.
        error: Relative; infinite where it is missing, of another shape, or not finite.
        tolerance: What that may be.
    """

    name: str
    error: float
    tolerance: float

    @property
    def excess(self) -> float:
        """Error in tolerances."""
        return self.error / self.tolerance if self.tolerance else self.error * inf if self.error else 0.0

    @property
    def holds(self) -> bool:
        """Whether it is within its tolerance."""
        return self.error <= self.tolerance

    @property
    def tells(self) -> bool:
        """Whether it says something of formulas, rather than of rounding."""
        return not self.holds or self.tolerance <= TELLING


def compare(
    comparison: Comparison,
    precision: str,
    graph: Graph,
    backend: str,
    found: Findings,
    expected: Findings,
    rounded: Sequence[Findings],
) -> tuple[Check, Difference | None]:
    """One check of one backend, and the first array that does not hold.

    Args:
        comparison: What is compared.
        precision: Number format of the backend.
        graph: The network.
        backend: Who found it.
        found: What it found.
        expected: What the reference found.
        rounded: What the reference finds after other roundings, one after the other.
    """
    arrays, reference = found.read(comparison.name), expected.read(comparison.group)
    shared = comparison.name == comparison.group
    names = [name for name in reference if shared or not name.startswith(SLOT_PREFIX)]
    yardsticks = [findings.read(comparison.group) for findings in rounded]
    kinds = {name: _kind(name, graph) for name in names}
    differences = list(_differences(kinds, arrays, reference, yardsticks, comparison.tolerances[precision]))
    telling = [difference for difference in differences if difference.tells]
    worst = max(telling or differences, key=lambda difference: difference.excess)
    first = next((difference for difference in differences if not difference.holds), None)
    check = Check(
        check=comparison.name,
        backend=backend,
        error=worst.error if isfinite(worst.error) else None,
        tolerance=worst.tolerance,
        passed=first is None,
        where=worst.name,
        first=first.name if first else None,
        layer=layer_of(first.name, graph) if first else None,
        arrays=len(differences),
        telling=len(telling),
    )
    return check, first


def layer_of(name: str, graph: Graph) -> str | None:
    """The layer that an activation, weight or slot belongs to; None for what belongs to none.

    >>> from digits_core.graph.graph import LayerSpec
    >>> from digits_core.graph.ops import Dense, Input
    >>> layers = [LayerSpec("input", Input(channels=1, height=1, width=1)), LayerSpec("fc", Dense(units=2))]
    >>> graph = Graph.of("tiny", layers)
    >>> [layer_of(name, graph) for name in ("fc", "fc/bias", "solver/velocity/fc/bias", "step 3")]
    ['fc', 'fc', 'fc', None]
    """
    weight = name.split("/", 2)[-1] if name.startswith(SLOT_PREFIX) else name
    layers = {layer.name: layer.name for layer in graph.layers}
    owners = {parameter: layer.name for layer in graph.layers for parameter in layer.parameters}
    return (layers | owners).get(weight)


def error_of(found: npt.NDArray[Any], expected: npt.NDArray[Any], least: float = 0.0) -> float:
    """Largest difference, relative to the largest element that is expected, but at least to ``least``.

    >>> error_of(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    0.25
    """
    if found.shape != expected.shape:
        return inf
    difference = _largest(found.astype(np.float64) - expected)
    if not difference:
        return 0.0
    error = difference / max(_largest(expected), least) if isfinite(difference) else inf
    return error if isfinite(error) else inf


def _differences(
    kinds: Mapping[str, str], found: Found, expected: Found, rounded: Sequence[Found], tolerance: float
) -> Iterator[Difference]:
    largest: defaultdict[str, float] = defaultdict(float)
    for name, kind in kinds.items():
        largest[kind] = max(largest[kind], _largest(expected[name]))
    for name, kind in kinds.items():
        least = NEGLIGIBLE * largest[kind]
        if name not in found:
            yield Difference(name, inf, tolerance)
            continue
        allowed, right = tolerance, expected[name]
        if tolerance:
            allowed = max(tolerance, *(ROUNDINGS * error_of(other[name], right, least) for other in rounded))
        yield Difference(name, error_of(found[name], right, least), allowed)


def _kind(name: str, graph: Graph) -> str:
    """What an array is taken among: those of one slot of the solver, of one running statistic, or all others."""
    if name.startswith(SLOT_PREFIX):
        return name.split("/", 2)[1]
    parameter = graph.parameters.get(name)
    return "" if parameter is None or parameter.trainable else name.rpartition("/")[2]


def _largest(array: npt.NDArray[Any]) -> float:
    return max(float(array.max(initial=0)), -float(array.min(initial=0)))
