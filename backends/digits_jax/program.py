"""One compiled function each for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import Arrays, Batch, BuildContext, Program
from digits_core.contracts.claims import require_weights
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_jax.arrays import DTYPES, JaxState, Weights, from_canonical, owned, to_activation, to_canonical
from digits_jax.devices import native_device
from digits_jax.network import Network
from digits_jax.ops import Mode
from digits_jax.scores import score
from digits_jax.solvers import updater

#: Images, labels and weights of a batch on the device.
Placed: TypeAlias = tuple[jax.Array, jax.Array, jax.Array]
Scores: TypeAlias = dict[str, jax.Array]


class JaxProgram(Program):
    """A graph, solver and number format, compiled for one device when they are first used.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, and whether steps are compiled.
        context: The device, and the seed of dropout.
    """

    #: Pictures that `predict` looks at together; fewer are padded to a power of two, so that few programs are compiled.
    CHUNK: ClassVar = 128

    def __init__(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> None:
        self._graph, self._solver, self._seed = graph, solver, context.seed
        self._device = native_device(context.devices[0])
        self._dtype = DTYPES[options.precision]
        self._network = Network(graph)
        self._heads = (graph.output, *(loss.logits for loss in graph.losses))
        self._update = updater(solver, graph.parameters)
        self._train, self._evaluate, self._activate = self._train_traced, self._evaluate_traced, self._activate_traced
        if options.compile != "off":
            self._train = jax.jit(self._train_traced, donate_argnums=0)
            self._evaluate = jax.jit(self._evaluate_traced)
            self._activate = jax.jit(self._activate_traced, static_argnums=2)

    def load(self, arrays: Arrays) -> JaxState:
        """A state on the device with copies of ``arrays``."""
        require_weights(self._graph, arrays)
        with self._number_format():
            return from_canonical(arrays, self._graph, self._solver, self._dtype, self._device)

    def save(self, state: JaxState) -> Arrays:
        """Copies of everything in ``state``; waits for the device."""
        return to_canonical(state, self._graph)

    def place(self, batch: Batch) -> Placed:
        """Copies on the device; does not wait for them."""
        arrays = ((batch.images, np.uint8), (batch.labels, np.int32), (batch.weights, np.float32))
        images, labels, weights = (owned(array, dtype, self._device) for array, dtype in arrays)
        return images, labels, weights

    def train_step(self, state: JaxState, batch: Placed, learning_rate: float, step: int) -> tuple[JaxState, Scores]:
        """Forward, backward and update in one compiled function that works in the memory of ``state``."""
        with self._number_format():
            return self._train(state, batch, self._dtype(learning_rate), np.uint32(step))

    def evaluate_step(self, state: JaxState, batch: Placed) -> Scores:
        """Forward and score."""
        with self._number_format():
            return self._evaluate(state.weights, batch)

    def predict(
        self, state: JaxState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Forward, some pictures at a time, keeping what is asked for."""
        wanted = tuple(dict.fromkeys((self._graph.output, *taps)))
        parts = [self._predict_chunk(state.weights, chunk, wanted) for chunk in self._chunks(images)]
        return {name: np.concatenate([part[name] for part in parts]) for name in wanted}

    def close(self) -> None:
        """Forget what was compiled."""
        self._train, self._evaluate, self._activate = self._train_traced, self._evaluate_traced, self._activate_traced

    def _number_format(self) -> Any:
        """Lets float64 be float64, for this thread and the length of a call; JAX's global setting stays as it is."""
        return jax.enable_x64(self._dtype is np.float64)

    def _mode(self, step: jax.Array | None = None) -> Mode:
        return Mode(step, self._seed, self._dtype, unroll=self._device.platform == "cpu")

    def _train_traced(
        self, state: JaxState, batch: Placed, rate: npt.ArrayLike, step: npt.ArrayLike
    ) -> tuple[JaxState, Scores]:
        rate, step = jnp.asarray(rate), jnp.asarray(step)
        trainable = {name: state.weights[name] for name, p in self._graph.parameters.items() if p.trainable}

        def objective(trainable: Weights) -> tuple[jax.Array, tuple[Scores, Weights]]:
            mode = self._mode(step)
            values = self._network.activations(state.weights | trainable, batch[0], self._heads, mode)
            scores = score(self._graph, values, *batch[1:])
            return scores["loss"] / scores["samples"], (scores, mode.moved)

        gradients, (scores, moved) = jax.grad(objective, has_aux=True)(trainable)
        trainable, slots = self._update(trainable, gradients, state.slots, rate, step)
        return JaxState(state.weights | moved | trainable, slots), scores

    def _evaluate_traced(self, weights: Weights, batch: Placed) -> Scores:
        values = self._network.activations(weights, batch[0], self._heads, self._mode())
        return score(self._graph, values, *batch[1:])

    def _activate_traced(self, weights: Weights, images: jax.Array, wanted: tuple[str, ...]) -> dict[str, jax.Array]:
        values = self._network.activations(weights, images, wanted, self._mode())
        return {name: values[name] for name in wanted}

    def _chunks(self, images: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
        for start in range(0, max(len(images), 1), self.CHUNK):
            yield images[start : start + self.CHUNK]

    def _predict_chunk(
        self, weights: Weights, images: npt.NDArray[np.uint8], wanted: tuple[str, ...]
    ) -> dict[str, npt.NDArray[np.float32]]:
        count = len(images)
        size = 1 << (count - 1).bit_length() if count else 1
        padded = np.pad(images, [(0, size - count), (0, 0), (0, 0), (0, 0)])
        with self._number_format():
            found = self._activate(weights, jax.device_put(padded, self._device), wanted)
        return {name: to_activation(value)[:count] for name, value in found.items()}
