from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl
from digits_core.spec.solver import SolverBase


@hookimpl
def digits_solvers() -> list[Entry]:
    return [Entry("signum", "signum:Signum", "The sign of the momentum.")]


class Signum(SolverBase):
    """``v = β·v + (1−β)·g ; w −= lr·sign(v)``.

    Source: Bernstein et al., *signSGD: Compressed Optimisation for Non-Convex Problems*, 2018,
    https://arxiv.org/abs/1802.04434.
    """

    slots: ClassVar = ("velocity",)
    rules: ClassVar = {"numpy": "signum:numpy_rule", "torch": "signum_torch:rule"}
    name: Literal["signum"] = "signum"
    rate: float = Field(default=0.0001, gt=0)
    """Base learning rate."""
    beta: float = Field(default=0.9, ge=0, lt=1)
    """β, memory of the gradient."""


def numpy_rule(solver, turn, slots):
    v = solver.beta * slots["velocity"] + (1 - solver.beta) * turn.g
    return np.sign(v), {"velocity": v}
