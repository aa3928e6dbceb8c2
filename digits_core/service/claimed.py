"""What a backend does not claim of a job, told before a process is started for it, in the words of that process."""

from __future__ import annotations

from digits_core.contracts.backend import Capabilities
from digits_core.contracts.claims import unclaimed
from digits_core.errors import CapabilityMissing, Problem, require
from digits_core.graph.graph import Graph
from digits_core.service.views.choices import BackendView
from digits_core.spec.job import JobSpec


def unclaimed_by(offered: BackendView, spec: JobSpec, graph: Graph, devices: int) -> tuple[Problem, ...]:
    """What a backend does not claim of a job; nothing where it has not been asked.

    Args:
        offered: The backend.
        spec: What is asked for.
        graph: The network.
        devices: How many train together.
    """
    if not offered.asked:
        return ()
    if not offered.available:
        return (Problem(f"Backend {offered.name} cannot be used: {offered.problem}.", "backend", offered.remedy),)
    claims = Capabilities(
        ops=frozenset(offered.ops),
        solvers=frozenset(offered.solvers),
        precisions=frozenset(offered.precisions),
        device_kinds=frozenset(offered.device_kinds),
        deterministic=offered.deterministic,
        compiles=offered.compiles,
        distributed=offered.distributed,
    )
    batch = 0 if spec.batch == "auto" else spec.batch_size
    return unclaimed(offered.name, claims, graph, spec.solver, spec.options, devices, batch)


def require_claimed(offered: BackendView, spec: JobSpec, graph: Graph, devices: int) -> None:
    """Refuse what a backend does not claim of a job; see `unclaimed_by`.

    Raises:
        CapabilityMissing: With everything that it does not claim.
    """
    require(unclaimed_by(offered, spec, graph, devices), CapabilityMissing)
