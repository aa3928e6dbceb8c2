"""Where the rule of a solver is: a backend's own, or a plugin's, which says it by dotted path."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

from digits_core.errors import PluginMissing
from digits_core.spec.solver import SolverBase

RuleT = TypeVar("RuleT")


def rule_of(solver: SolverBase, backend: str, own: Mapping[str, RuleT]) -> RuleT:
    """The rule of ``solver`` for ``backend``.

    Args:
        solver: What the request asks for.
        backend: Name of the backend.
        own: The backend's rules for solvers of the core; a solver of a plugin brings a rule of the same form.

    Raises:
        PluginMissing: If the rule of a plugin cannot be imported.
    """
    if solver.name in own:
        return own[solver.name]
    target = type(solver).rules[backend]
    module, _, attribute = target.partition(":")
    try:
        rule: Any = getattr(importlib.import_module(module), attribute)
    except Exception as reason:
        raise PluginMissing(
            f"The rule of solver {solver.name!r} for backend {backend} cannot be imported: {reason}.",
            where=target,
            hint="Report this to the authors of the plugin that brings the solver.",
        ) from reason
    found: RuleT = rule
    return found
