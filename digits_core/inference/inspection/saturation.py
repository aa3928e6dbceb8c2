"""Units that no longer learn: where an activation function is flat, no gradient passes.

``x`` is what a layer is given and ``y`` what it makes of it. A unit is saturated where the slope of its function is 0,
or, of functions that only come close to a limit, where it is within 1 % of the limit: there the slope is under 4 % of
its largest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.graph.graph import Layer

Array: TypeAlias = npt.NDArray[np.floating[Any]]

#: Which elements are saturated, by the kind of operation.
SATURATED: dict[str, Callable[[Array, Array], npt.NDArray[np.bool_]]] = {
    "relu": lambda x, y: y <= 0,
    "relu6": lambda x, y: (y <= 0) | (y >= 6),
    "sigmoid": lambda x, y: (y < 0.01) | (y > 0.99),
    "hard_sigmoid": lambda x, y: (y <= 0) | (y >= 1),
    "tanh": lambda x, y: np.abs(y) > 0.99,
    # Left of here their slope is under 0.04 for good, though not 0.
    "silu": lambda x, y: x < -4.75,
    "gelu": lambda x, y: x < -2.55,
    "hard_swish": lambda x, y: x <= -3,
}

#: The same in words.
MEANING: dict[str, str] = {
    "relu": "at 0",
    "relu6": "at 0 or 6",
    "sigmoid": "within 0.01 of 0 or 1",
    "hard_sigmoid": "at 0 or 1",
    "tanh": "within 0.01 of −1 or 1",
    "silu": "given less than −4.75",
    "gelu": "given less than −2.55",
    "hard_swish": "given −3 or less",
}


def saturated_share(layer: Layer, given: Array, made: Array) -> float | None:
    """The share of a layer's units that are saturated; None where its operation has no flat parts.

    Args:
        layer: The layer.
        given: The activation of its input.
        made: Its own, of the same shape.
    """
    rule = SATURATED.get(layer.op.kind)
    return None if rule is None else float(rule(given, made).mean())


def silent_channels(activation: Array) -> int:
    """How many channels ``[C, …]`` are 0 everywhere: of this picture they say nothing.

    >>> silent_channels(np.array([[[0.0, 0.0]], [[0.0, 2.0]]]))
    1
    """
    return int(np.count_nonzero(~activation.reshape(len(activation), -1).any(1)))
