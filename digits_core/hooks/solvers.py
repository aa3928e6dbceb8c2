"""Solvers of plugins: from the name in a request to the class that knows its fields."""

from __future__ import annotations

from digits_core.errors import CapabilityMissing, NameUnknown, suggest
from digits_core.hooks.registry import Registry
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.spec.solver import SOLVERS, NamedSolver, SolverBase


def known_solver(solver: SolverBase, plugins: Registry[SolverBase], where: str = "") -> SolverBase:
    """The solver with all its fields checked; one of the core is what it is.

    Args:
        solver: As it was parsed.
        plugins: Solvers of plugins.
        where: File that the request is from.

    Raises:
        NameUnknown: If nobody has it; with close matches.
        PluginConflict: If two plugins do.
        PluginMissing: If it cannot be imported.
        SpecInvalid: With one problem per wrong field.
    """
    if not isinstance(solver, NamedSolver):
        return solver
    if solver.name not in plugins.names():
        known = [*SOLVERS, *plugins.names()]
        raise NameUnknown(f"Unknown solver {solver.name!r}.", where="solver.name", hint=suggest(solver.name, known))
    place = ", ".join(filter(None, (where, "solver")))
    return parse(plugins.get(solver.name), solver.model_dump(exclude_unset=True), where=place)


def with_known_solver(spec: JobSpec, plugins: Registry[SolverBase], where: str = "") -> JobSpec:
    """The request with its solver known; raises what `known_solver` does."""
    solver = known_solver(spec.solver, plugins, where)
    return spec if solver is spec.solver else spec.model_copy(update={"solver": solver})


def require_rule(solver: SolverBase, backend: str) -> None:
    """Refuse a solver of a plugin that has no rule for a backend.

    Args:
        solver: Known.
        backend: Name of the backend; empty: it is not known, and nothing is refused.

    Raises:
        CapabilityMissing: If it has none.
    """
    rules = type(solver).rules
    if backend and solver.name not in SOLVERS and backend not in rules:
        hint = f"It trains in {', '.join(sorted(rules)) or 'none'}: choose another backend or solver."
        raise CapabilityMissing(
            f"Solver {solver.name!r} has no rule for backend {backend}.", where="solver.name", hint=hint
        )
