"""Native networks: a Flax module out of a person's file, run as one operation of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from digits_core.contracts.native import NativeArrays, module_problem, native_problem, require_logits, run_network
from digits_core.errors import NetworkInvalid
from digits_core.graph.dropout import mask_key
from digits_core.graph.graph import Layer, NetworkInput
from digits_core.graph.native import NATIVE, Native
from digits_jax.arrays import Weights
from digits_jax.ops.op import Apply, Mode

#: Where an array is in a module: names of attributes, and numbers in lists.
Path: TypeAlias = tuple[str | int, ...]


class Foreign:
    """A module of somebody else as a function of its arrays, which go by Flax's names: ``layers.0.kernel``.

    Args:
        module: The module.

    Attributes:
        trained: Names of what the solver changes: every `flax.nnx.Param`.
        kept: Names of what is saved besides. Streams of random numbers are not: they follow seed and step.
    """

    def __init__(self, module: nnx.Module) -> None:
        self._structure, state = nnx.split(module)
        self._leaves = _flat(state)
        self._paths = {_name(path): path for path, _ in nnx.to_flat_state(state)}
        saved = {name: leaf for name, leaf in self._leaves.items() if not isinstance(leaf, nnx.RngState)}
        self.trained = tuple(name for name, leaf in saved.items() if isinstance(leaf, nnx.Param))
        self.kept = tuple(name for name in saved if name not in self.trained)

    def arrays(self) -> NativeArrays:
        """Copies of every array as it is now."""
        trained, kept = (
            {name: np.array(_value(self._leaves[name])) for name in part} for part in (self.trained, self.kept)
        )
        return NativeArrays(trained, kept)

    def logits(self, x: jax.Array, weights: Weights, key: jax.Array | None = None) -> tuple[jax.Array, Weights]:
        """Logits of pictures, and what the pass left in the arrays that are not trained.

        Args:
            x: ``[B, H, W, C]``.
            weights: Its arrays.
            key: What streams of random numbers start from while training; None: evaluation.
        """
        module = nnx.merge(self._structure, nnx.from_flat_state(self._filled(weights, key)))
        module.eval() if key is None else module.train()
        logits = module(x)
        left = _flat(nnx.state(module))
        return logits, {name: _value(left[name]) for name in self.kept}

    def _filled(self, weights: Weights, key: jax.Array | None) -> dict[Path, Any]:
        filled: dict[Path, Any] = {}
        for number, (name, leaf) in enumerate(self._leaves.items()):
            value: Any = weights.get(name)
            if isinstance(leaf, nnx.RngCount):
                value = jnp.zeros_like(_value(leaf))
            elif isinstance(leaf, nnx.RngKey):
                value = _value(leaf) if key is None else jax.random.fold_in(key, number)
            filled[self._paths[name]] = leaf.replace(value) if isinstance(leaf, nnx.Variable) else value
        return filled


def build_foreign(layer: Layer) -> Apply:
    """The function of a native layer."""
    op = layer.op
    assert isinstance(op, Native)
    channels, height, width = layer.input_shapes[0]
    foreign = Foreign(_module(op, NetworkInput(channels, height, width, op.classes), 0))

    def apply(inputs: Sequence[jax.Array], weights: Weights, mode: Mode) -> jax.Array:
        # What is kept, like running statistics, is as exact in a half format as in any other.
        narrow = {name: weights[name].astype(mode.dtype) for name in foreign.trained}
        logits, left = foreign.logits(inputs[0], weights | narrow, _key(mode))
        if mode.step is not None:
            for name, value in left.items():
                mode.moved[f"{layer.name}/{name}"] = lax.stop_gradient(value.astype(weights[name].dtype))
        return logits

    return apply


def start_arrays(op: Native, input: NetworkInput, seed: int) -> NativeArrays:
    """The arrays of a native network as Flax starts them under ``seed``, after a trial with two pictures."""
    foreign = Foreign(_module(op, input, seed))
    found = foreign.arrays()
    pictures = jnp.zeros((2, input.height, input.width, input.channels))
    try:
        logits, _ = jax.eval_shape(foreign.logits, pictures, found.trained | found.kept, jax.random.key(0))
    except Exception as reason:
        raise NetworkInvalid(native_problem(op, reason)) from reason
    is_array = isinstance(logits, jax.ShapeDtypeStruct)
    require_logits(op, input, logits.shape if is_array else type(logits).__name__)
    return found


def _module(op: Native, input: NetworkInput, seed: int) -> nnx.Module:
    module = run_network(op, input, nnx.Rngs(seed & 0xFFFFFFFF))
    if not isinstance(module, nnx.Module):
        raise NetworkInvalid(module_problem(op, "flax.nnx.Module", module))
    return module


def _key(mode: Mode) -> jax.Array | None:
    """A key that seed, step and the first row of a part decide; None in evaluation."""
    if mode.step is None:
        return None
    key = jax.random.fold_in(jax.random.key(mask_key(mode.seed, NATIVE)), mode.step)
    return key if mode.rows is None else jax.random.fold_in(key, mode.rows[0])


def _flat(state: nnx.State) -> dict[str, Any]:
    return {_name(path): leaf for path, leaf in nnx.to_flat_state(state)}


def _name(path: Path) -> str:
    return ".".join(map(str, path))


def _value(leaf: Any) -> Any:
    return leaf[...] if isinstance(leaf, nnx.Variable) else leaf
