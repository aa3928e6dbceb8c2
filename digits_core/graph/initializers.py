"""How a weight starts, as typed data; the numbers are drawn in ``training.initialize``.

For a kernel ``[out, in, …]``, ``fan_in = in·…`` and ``fan_out = out·…``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from digits_core.spec.model import Spec


class Constant(Spec):
    """Every element is ``value``."""

    name: Literal["constant"] = "constant"
    value: float = 0.0
    """The value."""


class Gaussian(Spec):
    """Normal with ``mean`` and ``std``."""

    name: Literal["gaussian"] = "gaussian"
    mean: float = 0.0
    """Mean of the distribution."""
    std: float = Field(default=0.01, gt=0)
    """Standard deviation."""


class Uniform(Spec):
    """Uniform in ``[low, high)``."""

    name: Literal["uniform"] = "uniform"
    low: float = -0.05
    """Lower end."""
    high: float = 0.05
    """Upper end."""


class TruncatedNormal(Spec):
    """Normal with ``std``, redrawn outside ±2 standard deviations."""

    name: Literal["truncated_normal"] = "truncated_normal"
    std: float = Field(default=0.02, gt=0)
    """Standard deviation before truncation."""


class Xavier(Spec):
    """Caffe's xavier: uniform in ``±√(3 / fan_in)``."""

    name: Literal["xavier"] = "xavier"


class GlorotUniform(Spec):
    """Uniform in ``±√(6 / (fan_in + fan_out))``.

    Source: Glorot, Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010,
    https://proceedings.mlr.press/v9/glorot10a.html.
    """

    name: Literal["glorot_uniform"] = "glorot_uniform"


class GlorotNormal(Spec):
    """Normal with ``std = √(2 / (fan_in + fan_out))``; source as `GlorotUniform`."""

    name: Literal["glorot_normal"] = "glorot_normal"


class HeNormal(Spec):
    """Normal with ``std = √(2 / fan)``: outputs vary as inputs do with ``fan_in``, gradients with ``fan_out``.

    Source: He et al., *Delving Deep into Rectifiers*, 2015, https://arxiv.org/abs/1502.01852.
    """

    name: Literal["he_normal"] = "he_normal"
    fan: Literal["in", "out"] = "in"
    """Which fan: of what goes in, or of what comes out."""


class HeUniform(Spec):
    """Uniform in ``±√(6 / fan)``; fans and source as `HeNormal`."""

    name: Literal["he_uniform"] = "he_uniform"
    fan: Literal["in", "out"] = "in"
    """Which fan: of what goes in, or of what comes out."""


def _named(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"name": "constant", "value": value}
    return {"name": value} if isinstance(value, str) else value


_Form = Annotated[
    Constant | Gaussian | Uniform | TruncatedNormal | Xavier | GlorotUniform | GlorotNormal | HeNormal | HeUniform,
    Field(discriminator="name"),
]
_Word = Literal[
    "constant",
    "gaussian",
    "uniform",
    "truncated_normal",
    "xavier",
    "glorot_uniform",
    "glorot_normal",
    "he_normal",
    "he_uniform",
]
#: A mapping with ``name``, or in short only the name; a number means a constant.
Initializer = Annotated[_Form, BeforeValidator(_named, json_schema_input_type=_Word | float | _Form)]
