"""Learning-rate schedules as typed data, in percent of training ``i ∈ [0, 100)``.

Formulas are computed once, in ``training.schedules``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from digits_core.spec.model import Spec


class ScheduleBase(Spec):
    """What all schedules share."""

    warmup: float = Field(default=0, ge=0, lt=100)
    """Percent of training in which the rate rises linearly to its value."""


class Fixed(ScheduleBase):
    """The base rate throughout."""

    policy: Literal["fixed"] = "fixed"


class Step(ScheduleBase):
    """``lr·γ^⌊i/step⌋``: a drop every ``step`` percent."""

    policy: Literal["step"] = "step"
    step: float = Field(default=33, gt=0)
    """Percent of training between drops."""
    gamma: float = Field(default=0.1, gt=0)
    """γ, the factor of each drop."""


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return [part for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, (int, float)) else value


Percents = Annotated[tuple[Annotated[float, Field(ge=0, le=100)], ...], BeforeValidator(_listed)]


class MultiStep(ScheduleBase):
    """``lr·γ^k``, k being how many of ``steps`` are ≤ i."""

    policy: Literal["multistep"] = "multistep"
    steps: Percents = (50, 85)
    """Percents of training at which the rate drops; a list, or text like `50, 85`."""
    gamma: float = Field(default=0.5, gt=0)
    """γ, the factor of each drop."""


class Exp(ScheduleBase):
    """``lr·γ^i``."""

    policy: Literal["exp"] = "exp"
    gamma: float = Field(default=0.95, gt=0)
    """γ, the factor of each percent."""


class Inv(ScheduleBase):
    """``lr·(1 + γ·i)^(−power)``."""

    policy: Literal["inv"] = "inv"
    gamma: float = Field(default=0.1, ge=0)
    """γ, how soon the rate falls."""
    power: float = Field(default=0.5, ge=0)
    """How steeply the rate falls."""


class Poly(ScheduleBase):
    """``lr·(1 − i/100)^power``."""

    policy: Literal["poly"] = "poly"
    power: float = Field(default=3, ge=0)
    """How steeply the rate falls."""


class Sigmoid(ScheduleBase):
    """``lr / (1 + exp(γ·(i − step)))``."""

    policy: Literal["sigmoid"] = "sigmoid"
    step: float = Field(default=50, ge=0)
    """Percent of training at which half the rate is left."""
    gamma: float = Field(default=0.1)
    """γ, how sharp the fall is."""


class Cosine(ScheduleBase):
    """``lr·(floor + (1 − floor)·(1 + cos(π·j))/2)``, j being the share of training after the warm-up.

    Source: Loshchilov, Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts*, 2016,
    https://arxiv.org/abs/1608.03983.
    """

    policy: Literal["cosine"] = "cosine"
    floor: float = Field(default=0, ge=0, le=1)
    """Share of the base rate that is left at the end."""


Schedule = Annotated[Fixed | Step | MultiStep | Exp | Inv | Poly | Sigmoid | Cosine, Field(discriminator="policy")]
POLICIES: dict[str, type[ScheduleBase]] = {
    "fixed": Fixed,
    "step": Step,
    "multistep": MultiStep,
    "exp": Exp,
    "inv": Inv,
    "poly": Poly,
    "sigmoid": Sigmoid,
    "cosine": Cosine,
}
