"""Checks that every backend makes in the same words: what it claims, and what it is given to load."""

from __future__ import annotations

from collections.abc import Iterator

from digits_core.contracts.backend import SLOT_PREFIX, Arrays, Backend, BuildContext, Capabilities
from digits_core.errors import CapabilityMissing, Problem, SnapshotDamaged, require
from digits_core.graph.graph import Graph
from digits_core.graph.native import native_of
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase


def require_claims(
    backend: Backend, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext
) -> None:
    """Refuse what a backend does not claim, before memory is taken.

    Raises:
        CapabilityMissing: With one problem per layer, solver, option or device that is not claimed.
    """
    problems = [
        *unclaimed(backend.name, backend.capabilities(), graph, solver, options, context.process_count, context.batch),
        *_unclaimed_device(backend, context),
    ]
    require(problems, CapabilityMissing)


def unclaimed(
    backend: str,
    claims: Capabilities,
    graph: Graph,
    solver: SolverBase,
    options: BackendOptions,
    processes: int,
    batch: int,
) -> tuple[Problem, ...]:
    """What a backend does not claim of a job.

    Args:
        backend: Its name.
        claims: What it claims.
        graph: The network.
        solver: How weights are updated.
        options: How it is to compute.
        processes: How many train together.
        batch: Global batch size; 0: any.
    """
    return (
        *_unclaimed_ops(backend, claims, graph),
        *_unclaimed_options(backend, claims, solver, options),
        *_unclaimed_company(backend, claims, graph, processes, batch),
    )


def require_ops(backend: Backend, graph: Graph) -> None:
    """Refuse operations that a backend does not claim.

    Raises:
        CapabilityMissing: With one problem per layer.
    """
    require(_unclaimed_ops(backend.name, backend.capabilities(), graph), CapabilityMissing)


def require_portable(graph: Graph, format: str, backend: str = "") -> None:
    """Refuse a native network where a format is not of its own framework.

    Args:
        graph: The network.
        format: What it is to be written in.
        backend: Whose framework that format is of; empty: of none.

    Raises:
        CapabilityMissing: If ``graph`` is a native network of another backend.
    """
    native = native_of(graph)
    if native is not None and native.backend != backend:
        raise CapabilityMissing(
            f"Format {format} cannot hold {native.file}, which is native to backend {native.backend}.",
            hint=f"Export to a format of {native.backend}, or write the network as YAML.",
        )


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


def _unclaimed_ops(backend: str, claims: Capabilities, graph: Graph) -> Iterator[Problem]:
    for layer in graph.layers:
        if layer.op.kind not in claims.ops:
            yield Problem(
                f"Network {graph.name}: {layer.name} needs op {layer.op.kind!r}, "
                f"which backend {backend} does not offer.",
                hint="Choose another backend or replace the layer.",
            )


def _unclaimed_options(
    backend: str, claims: Capabilities, solver: SolverBase, options: BackendOptions
) -> Iterator[Problem]:
    brought = {solver.name} if backend in type(solver).rules else frozenset()
    for word, place, wanted, offered in (
        ("solver", "solver.name", solver.name, claims.solvers | brought),
        ("precision", "options.precision", options.precision, claims.precisions),
    ):
        if wanted not in offered:
            hint = f"It offers {', '.join(sorted(offered))}."
            yield Problem(f"Backend {backend} does not offer {word} {wanted!r}.", place, hint)
    if options.compile == "on" and not claims.compiles:
        yield Problem(f"Backend {backend} cannot compile.", "options.compile", "Use compile: auto or off.")


def _unclaimed_company(
    backend: str, claims: Capabilities, graph: Graph, processes: int, batch: int
) -> Iterator[Problem]:
    if processes == 1:
        return
    if native_of(graph):
        message = f"Network {graph.name} is a native network, which trains on one device, found {processes}."
        yield Problem(message, "devices", "Ask for one device.")
    if not claims.distributed:
        yield Problem(f"Backend {backend} trains on one device, found {processes}.", "devices", "Ask for one device.")
    if 0 < batch < processes:
        yield Problem(f"A batch for {processes} devices expects at least {processes} pictures, found {batch}.", "batch")


def _unclaimed_device(backend: Backend, context: BuildContext) -> Iterator[Problem]:
    here = [device.id for device in backend.devices()]
    if context.device.id not in here:
        yield Problem(
            f"Backend {backend.name} has no device {context.device.id} here.", hint=f"It has {', '.join(here)}."
        )
