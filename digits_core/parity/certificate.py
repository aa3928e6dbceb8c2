"""What a comparison found, as a document."""

from __future__ import annotations

from digits_core.spec.model import Spec


class Check(Spec):
    """One thing that one backend was compared in."""

    check: str
    """Name of the check; see `digits_core.parity.checks`."""
    backend: str
    """Which backend."""
    error: float | None
    """Largest difference from the reference, relative to the largest element of the array that it is in, of arrays that
    are telling, if there are any; nothing where it is not a number, or arrays are missing or of another shape."""
    tolerance: float
    """What it may be; 0: bit-equal."""
    passed: bool
    """Whether every array is within its tolerance."""
    where: str
    """The array with the largest error for its tolerance."""
    first: str | None = None
    """The first array beyond its tolerance, in the order in which the check computes; nothing where there is none."""
    layer: str | None = None
    """The layer that it belongs to."""
    arrays: int
    """How many arrays were compared."""
    telling: int
    """How many of them rounding alone leaves as they are, but for a hundredth; the others prove little."""


class Divergence(Spec):
    """Where a backend first leaves the reference."""

    backend: str
    """Which backend."""
    check: str
    """The first check that fails."""
    layer: str | None = None
    """The layer at which it does, where it is one."""
    where: str
    """The first array that is too different."""
    error: float | None
    """How different."""


class Omission(Spec):
    """What was not compared."""

    check: str
    """Name of the check."""
    backend: str
    """Which backend."""
    reason: str
    """Why, as a sentence."""


class Certificate(Spec):
    """Whether backends agree on one network."""

    network: str
    """What was compared."""
    graph_digest: str
    """SHA-256 of the network's description."""
    parameters: int
    """Trained elements of the network."""
    input: tuple[int, int, int]
    """Height, width and channels of the pictures."""
    classes: int
    """Number of classes."""
    dataset: str | None
    """Whose pictures; nothing where they were drawn."""
    batch: int
    """Pictures per step."""
    steps: int
    """Solver steps."""
    seed: int
    """What everything was drawn from."""
    solver: dict[str, object]
    """How weights were updated."""
    precision: str
    """Number format of the backends."""
    reference: str
    """What they were compared with."""
    backends: tuple[str, ...]
    """What was compared."""
    devices: dict[str, tuple[str, ...]]
    """For each backend the devices of its processes."""
    versions: dict[str, dict[str, str]]
    """For each backend the packages that it computed with."""
    digits: str
    """Version of DIGITS."""
    machine: str
    """What it was computed on."""
    checks: tuple[Check, ...]
    """Every backend in every check."""
    omitted: tuple[Omission, ...] = ()
    """What could not be compared."""
    divergences: tuple[Divergence, ...] = ()
    """For each backend that does not agree, where that begins."""
    passed: bool
    """Whether every check holds."""
