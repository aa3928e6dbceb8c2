"""How the weights of a layer are trained, whatever its operation: frozen, faster, slower, with or without decay.

A network file says it beside the fields of the operation, a job for many layers at once
(`digits_core.graph.adjustment`). Either way it becomes part of the graph, so that whoever trains, saves or goes on with
it sees the same.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from digits_core.graph.ops import Parameter
from digits_core.spec.job import DecayOn
from digits_core.spec.model import Spec


class Tuning(Spec):
    """How the weights of one layer are trained; the factors are for all its weights, on top of the operation's own."""

    frozen: bool = False
    """Whether its weights stay as they are; a batch norm then uses its running statistics, which stay too."""
    rate_multiplier: float = Field(default=1.0, ge=0)
    """Factor on the learning rate."""
    decay_multiplier: float = Field(default=1.0, ge=0)
    """Factor on the weight decay."""
    decay_on: DecayOn = "all"
    """Weights with decay: all, or kernels alone."""

    def applied(self, parameter: Parameter) -> Parameter:
        """``parameter`` with this tuning."""
        decays = self.decay_on == "all" or parameter.kernel
        return replace(
            parameter,
            trainable=parameter.trainable and not self.frozen,
            rate_multiplier=parameter.rate_multiplier * self.rate_multiplier,
            decay_multiplier=parameter.decay_multiplier * self.decay_multiplier * decays,
        )


#: What a layer has that says nothing.
UNTUNED = Tuning()
