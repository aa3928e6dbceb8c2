"""One compiled function each for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax

from digits_core.contracts.backend import Arrays, Batch, BuildContext, Program
from digits_core.contracts.claims import require_weights
from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_jax.arrays import JaxState, Weights, from_canonical, owned, to_activation, to_canonical
from digits_jax.network import Network
from digits_jax.ops.op import Mode
from digits_jax.precision import FORMATS
from digits_jax.rows import Samples
from digits_jax.scores import score
from digits_jax.training import Trainer

Scores: TypeAlias = dict[str, jax.Array]


class JaxProgram(Program):
    """A graph, solver and number format, compiled for one device when they are first used.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, parts of a batch, and whether steps are compiled.
        context: The seed of dropout, and which rows of a batch are this process's own.
        device: What computes.

    Attributes:
        train: ``(state, batch, learning rate, step) → (state, scores)``, neither compiled nor joined with other
            processes.
        compiler_options: What XLA is told for this number format.
    """

    #: Pictures that `predict` looks at together; fewer are padded to a power of two, so that few programs are compiled.
    CHUNK: ClassVar = 128

    def __init__(
        self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext, device: jax.Device
    ) -> None:
        self._graph, self._solver, self._device = graph, solver, device
        self._format = FORMATS[options.precision]
        # Otherwise XLA leaves out roundings to a half format on processors, and computes in fp32.
        self.compiler_options = {"xla_allow_excess_precision": False} if self._format.mixed else None
        self._network = Network(graph)
        exact = not options.tf32 and not self._format.mixed
        self._mode = Mode(
            seed=context.seed,
            dtype=self._format.activations,
            unroll=device.platform == "cpu",
            precision=lax.Precision.HIGHEST if exact else lax.Precision.DEFAULT,
        )
        self.train = Trainer(self._network, solver, self._mode, options.accumulate, context).step_function()
        self._train, self._evaluate, self._activate = self.train, self._evaluate_traced, self._activate_traced
        self._differentiate = self._differentiate_traced
        self.compilation = f"Compiling is {options.compile}, as asked."
        if options.compile == "auto":
            self.compilation = "Steps are compiled by XLA: JAX is many times slower without."
        if options.compile != "off":
            self._train = jax.jit(self.train, donate_argnums=0, compiler_options=self.compiler_options)
            self._evaluate = jax.jit(self._evaluate_traced, compiler_options=self.compiler_options)
            self._activate = jax.jit(self._activate_traced, static_argnums=2, compiler_options=self.compiler_options)
            self._differentiate = jax.jit(
                self._differentiate_traced, static_argnums=3, compiler_options=self.compiler_options
            )

    def load(self, arrays: Arrays) -> JaxState:
        """A state on the device with copies of ``arrays``."""
        require_weights(self._graph, arrays)
        with self.number_format():
            return from_canonical(arrays, self._graph, self._solver, self._format, self._device)

    def save(self, state: JaxState) -> Arrays:
        """Copies of everything in ``state``; waits for the device."""
        return to_canonical(state, self._graph)

    def place(self, batch: Batch) -> Samples:
        """Copies on the device; does not wait for them."""

        def copy(array: npt.NDArray[Any] | None, dtype: npt.DTypeLike) -> Any:
            return None if array is None else owned(array, dtype, self._device)

        return Samples(
            copy(batch.images, np.uint8),
            copy(batch.labels, np.int32),
            copy(batch.weights, np.float32),
            second=copy(batch.second, np.int32),
            share=copy(batch.share, np.float32),
            importance=copy(batch.importance, np.float32),
        )

    def train_step(self, state: JaxState, batch: Samples, learning_rate: float, step: int) -> tuple[JaxState, Scores]:
        """Forward, backward and update in one compiled function that works in the memory of ``state``."""
        with self.number_format():
            return self._train(state, batch, *self.scalars(learning_rate, step))

    def evaluate_step(self, state: JaxState, batch: Samples) -> Scores:
        """Forward and score."""
        with self.number_format():
            return self._evaluate(state.shown, batch)

    def predict(
        self, state: JaxState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, some pictures at a time, keeping what is asked for."""
        wanted = tuple(dict.fromkeys((self._graph.output, *taps)))
        parts = [self._predict_chunk(state.shown, chunk, wanted) for chunk in self._chunks(images)]
        return {name: np.concatenate([part[name] for part in parts]) for name in wanted}

    def gradients(
        self, state: JaxState, images: npt.NDArray[np.uint8], classes: npt.NDArray[np.int32], taps: Sequence[str]
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """By zeros that are added to the activations; compiled for each number of pictures."""
        with self.number_format():
            placed = jax.device_put((images, classes), self._device)
            found = self._differentiate(state.shown, *placed, tuple(taps))
        return {name: to_activation(value) for name, value in found.items()}

    def close(self) -> None:
        """Forget what was compiled."""
        self._train, self._evaluate, self._activate = self.train, self._evaluate_traced, self._activate_traced
        self._differentiate = self._differentiate_traced

    def number_format(self) -> Any:
        """Lets float64 be float64, for this thread and the length of a call; JAX's global setting stays as it is."""
        return jax.enable_x64(self._format.weights is np.float64)

    def scalars(self, learning_rate: float, step: int) -> tuple[np.floating[Any], np.uint32]:
        """The numbers of a step, always in the same formats, so that it is compiled once."""
        return self._format.weights(learning_rate), np.uint32(step)

    def _evaluate_traced(self, weights: Weights, batch: Samples) -> Scores:
        values = self._network.activations(weights, batch.images, self._network.heads, self._mode)
        return score(self._graph, values, batch)

    def _activate_traced(self, weights: Weights, images: jax.Array, wanted: tuple[str, ...]) -> dict[str, jax.Array]:
        values = self._network.activations(weights, images, wanted, self._mode)
        return {name: values[name] for name in wanted}

    def _differentiate_traced(
        self, weights: Weights, images: jax.Array, classes: jax.Array, taps: tuple[str, ...]
    ) -> dict[str, jax.Array]:
        output = self._graph.output

        def chosen(added: Weights) -> jax.Array:
            logits = self._network.activations(weights, images, (output,), self._mode, added)[output]
            return jnp.take_along_axis(logits, classes[:, None], 1).astype(self._format.weights).sum()

        shapes = jax.eval_shape(lambda: self._network.activations(weights, images, taps, self._mode))
        return jax.grad(chosen)({name: jnp.zeros(shapes[name].shape, shapes[name].dtype) for name in taps})

    def _chunks(self, images: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
        for start in range(0, max(len(images), 1), self.CHUNK):
            yield images[start : start + self.CHUNK]

    def _predict_chunk(
        self, weights: Weights, images: npt.NDArray[np.uint8], wanted: tuple[str, ...]
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        count = len(images)
        size = 1 << (count - 1).bit_length() if count else 1
        padded = np.pad(images, [(0, size - count), (0, 0), (0, 0), (0, 0)])
        with self.number_format():
            found = self._activate(weights, jax.device_put(padded, self._device), wanted)
        return {name: to_activation(value)[:count] for name, value in found.items()}
