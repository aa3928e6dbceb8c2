"""Initial weights, the same numbers in every backend.

Every parameter draws from its own Philox generator, keyed by the seed and its canonical name: adding, removing or
reordering layers changes no other layer's start. Numbers are drawn in float64 and rounded once to float32.

Source: Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011, https://doi.org/10.1145/2063384.2063405.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays
from digits_core.graph.graph import MEAN, Graph
from digits_core.graph.initializers import HeNormal, HeUniform
from digits_core.graph.ops import Input, Parameter
from digits_core.graph.shapes import Shape

Drawn: TypeAlias = npt.NDArray[np.float64]
Draw: TypeAlias = Callable[[Any, Shape, np.random.Generator], Drawn]


def initial_arrays(graph: Graph, seed: int) -> Arrays:
    """Every weight of ``graph`` as it starts, float32 under canonical names; those that are not trained too.

    >>> from digits_core.graph.graph import LayerSpec
    >>> from digits_core.graph.ops import Dense
    >>> picture = Input(channels=1, height=1, width=2)
    >>> graph = Graph.of("tiny", [LayerSpec("input", picture), LayerSpec("fc", Dense(units=2))])
    >>> {name: array.shape for name, array in initial_arrays(graph, seed=0).items()}
    {'fc/kernel': (2, 2), 'fc/bias': (2,)}
    """
    return {name: initial_array(name, parameter, seed) for name, parameter in graph.parameters.items()}


def initial_array(name: str, parameter: Parameter, seed: int) -> npt.NDArray[np.float32]:
    """One weight as it starts, float32; ``name`` is its canonical one."""
    draw = _DRAWS[parameter.initializer.name]
    return draw(parameter.initializer, parameter.shape, generator_for(seed, name)).astype(np.float32)


def generator_for(seed: int, name: str) -> np.random.Generator:
    """The generator of one parameter: Philox keyed by BLAKE2b of ``seed/name``."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest, dtype="<u8").astype(np.uint64)))


def mean_arrays(input: Input, mean: npt.NDArray[np.float32]) -> Arrays:
    """What the input layer subtracts, from the mean picture of a dataset.

    Args:
        input: The input operation; its ``mean`` says in which form.
        mean: float32 ``[H, W, C]``, at least as large as the input.

    Returns:
        ``input/mean``: ``[C, 1, 1]`` over the whole picture, or ``[C, H, W]`` of its central part.
        Nothing for ``none``.
    """
    if input.mean == "none":
        return {}
    if input.mean == "pixel":
        found = mean.mean(axis=(0, 1), dtype=np.float64)[:, None, None]
    else:
        top, left = (mean.shape[0] - input.height) // 2, (mean.shape[1] - input.width) // 2
        found = mean[top : top + input.height, left : left + input.width].transpose(2, 0, 1)
    return {MEAN: np.ascontiguousarray(found, dtype=np.float32)}


def _fans(shape: Shape) -> tuple[int, int]:
    window = math.prod(shape[2:])
    return math.prod(shape[1:2]) * window, shape[0] * window


def _fan(how: HeNormal | HeUniform, shape: Shape) -> int:
    return _fans(shape)[how.fan == "out"]


def _uniform(limit: float, shape: Shape, generator: np.random.Generator) -> Drawn:
    return generator.uniform(-limit, limit, shape)


def _normal(std: float, shape: Shape, generator: np.random.Generator) -> Drawn:
    return std * generator.standard_normal(shape)


def _truncated(std: float, shape: Shape, generator: np.random.Generator) -> Drawn:
    drawn = generator.standard_normal(shape)
    while (outside := np.abs(drawn) > 2).any():
        drawn[outside] = generator.standard_normal(np.count_nonzero(outside))
    return std * drawn


_DRAWS: dict[str, Draw] = {
    "constant": lambda how, shape, generator: np.full(shape, how.value, np.float64),
    "gaussian": lambda how, shape, generator: how.mean + _normal(how.std, shape, generator),
    "uniform": lambda how, shape, generator: generator.uniform(how.low, how.high, shape),
    "truncated_normal": lambda how, shape, generator: _truncated(how.std, shape, generator),
    "xavier": lambda how, shape, generator: _uniform(math.sqrt(3 / _fans(shape)[0]), shape, generator),
    "glorot_uniform": lambda how, shape, generator: _uniform(math.sqrt(6 / sum(_fans(shape))), shape, generator),
    "glorot_normal": lambda how, shape, generator: _normal(math.sqrt(2 / sum(_fans(shape))), shape, generator),
    "he_normal": lambda how, shape, generator: _normal(math.sqrt(2 / _fan(how, shape)), shape, generator),
    "he_uniform": lambda how, shape, generator: _uniform(math.sqrt(6 / _fan(how, shape)), shape, generator),
}
