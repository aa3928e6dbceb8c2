"""Checks that every backend makes in the same words: what it claims, and what it is given to load."""

from __future__ import annotations

from digits_core.contracts.backend import SLOT_PREFIX, Arrays, Capabilities
from digits_core.errors import CapabilityMissing, Problem, SnapshotDamaged, require
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase


def require_claims(
    backend: str, claims: Capabilities, graph: Graph, solver: SolverBase, options: BackendOptions
) -> None:
    """Refuse what a backend does not claim, before memory is taken.

    Raises:
        CapabilityMissing: With one problem per layer, solver or option that is not claimed.
    """
    problems = [
        Problem(
            f"Network {graph.name}: {layer.name} needs op {layer.op.kind!r}, which backend {backend} does not offer.",
            hint="Choose another backend or replace the layer.",
        )
        for layer in graph.layers
        if layer.op.kind not in claims.ops
    ]
    for word, wanted, offered in (
        ("solver", solver.name, claims.solvers),
        ("precision", options.precision, claims.precisions),
    ):
        if wanted not in offered:
            hint = f"It offers {', '.join(sorted(offered))}."
            problems.append(Problem(f"Backend {backend} does not offer {word} {wanted!r}.", hint=hint))
    if options.compile == "on" and not claims.compiles:
        problems.append(Problem(f"Backend {backend} cannot compile.", hint="Use compile: auto or off."))
    require(problems, CapabilityMissing)


def require_weights(graph: Graph, arrays: Arrays) -> None:
    """Refuse arrays that are not the weights of ``graph``.

    Raises:
        SnapshotDamaged: With one problem per weight or solver slot that is missing or has another shape.
    """
    shapes = {name: parameter.shape for name, parameter in graph.parameters.items()}
    problems = [
        Problem(f"Network {graph.name} expects weight {name}, found none.") for name in shapes if name not in arrays
    ]
    for name, array in arrays.items():
        weight = name.split("/", 2)[-1] if name.startswith(SLOT_PREFIX) else name
        if weight in shapes and array.shape != shapes[weight]:
            expected, found = list(shapes[weight]), list(array.shape)
            problems.append(Problem(f"Network {graph.name} expects {name} of shape {expected}, found {found}."))
    require(problems, SnapshotDamaged)
