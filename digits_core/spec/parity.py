"""The request for a certificate of parity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from digits_core.spec.model import Name, Spec
from digits_core.spec.solver import NamedSolver, Sgd, Solver, SolverBase

#: Share of a solver's usual rate that is taken where none is asked for: at high ones training amplifies rounding.
CALM = 0.1


class ParitySpec(Spec):
    """One network to be computed by several backends, and by the reference."""

    network: str = Field(min_length=1)
    """Name of a family, maybe with params (``NAME:key=value,key=value``), or a network file."""
    backends: tuple[str, ...] = ()
    """Which are compared with the reference; empty: every one that is installed, but the reference itself."""
    precision: Literal["fp32", "fp64"] = "fp64"
    """Number format that backends compute in; the reference computes in float64."""
    steps: int = Field(default=50, ge=2, le=100_000)
    """Solver steps; half of them are done again in another backend than began."""
    solver: Solver = Sgd()
    """How weights are updated. The rate, usually a tenth of the solver's own, falls along half a cosine."""
    devices: str = "auto"
    """Devices, as for training; on several a process each trains too. auto: the processor, then two of its cores."""
    batch: int = Field(default=8, ge=2)
    """Pictures per step."""
    dataset: Name | None = None
    """Whose pictures are used, and its sizes and classes; empty: drawn ones."""
    width: int | None = Field(default=None, ge=1)
    """Width of pictures in pixels; empty: small ones that the network takes."""
    height: int | None = Field(default=None, ge=1)
    """Height of pictures in pixels."""
    channels: int | None = Field(default=None, ge=1)
    """Channels of pictures; empty: what the network usually takes."""
    classes: int | None = Field(default=None, ge=2)
    """Number of classes; empty: 10, or what a network file says."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides initial weights, pictures, order of pictures and dropout."""

    @field_validator("solver")
    @classmethod
    def _calm(cls, solver: SolverBase) -> SolverBase:
        # What a plugin's solver usually does is known when the plugin is.
        return solver if isinstance(solver, NamedSolver) else calm(solver)


def calm(solver: SolverBase) -> SolverBase:
    """The solver with a rate that amplifies no rounding, where none is asked for."""
    return solver if "rate" in solver.model_fields_set else solver.model_copy(update={"rate": CALM * solver.rate})
