"""One pass forward, one backward, one update, without waiting for the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from digits_core.contracts.backend import Arrays, Batch, Program, Scores
from digits_core.contracts.claims import require_weights
from digits_core.graph.graph import Graph, Loss
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_torch.arrays import DTYPES, TorchState, from_canonical, read, shared, to_canonical
from digits_torch.devices import can_compile, exact_arithmetic
from digits_torch.native import Network, plan
from digits_torch.solvers import update


class TorchBatch(NamedTuple):
    """A batch on the device, with everything that depends on it alone.

    Attributes:
        images: uint8 ``[B, H, W, C]``.
        labels: int64 ``[B]``.
        weights: ``[B]`` in the program's number format.
        samples: Scalar, Σ weights.
        share: Scalar, 1 / samples: the gradient of the mean loss with respect to the total loss.
        earlier: bool ``[B, classes]``, true for classes below the label.
    """

    images: Tensor
    labels: Tensor
    weights: Tensor
    samples: Tensor
    share: Tensor
    earlier: Tensor


class TorchProgram(Program):
    """A graph on one device.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, and whether steps are compiled.
        seed: Seed of the job, for dropout.
        device: Where it runs.
    """

    def __init__(
        self, graph: Graph, solver: SolverBase, options: BackendOptions, seed: int, device: torch.device
    ) -> None:
        self._graph, self._solver, self._seed, self._device = graph, solver, seed, device
        self._dtype = DTYPES[options.precision]
        self._heads = tuple(dict.fromkeys((graph.output, *(loss.logits for loss in graph.losses))))
        self._calls = plan(graph, self._heads)
        self._has_dropout = any(layer.op.kind == "dropout" for layer in graph.layers)
        self._classes = torch.arange(graph.classes, device=device)
        self._ranks = torch.tensor([1, 5], device=device)
        # On a processor the kernels are as fast without compiling, and compiling takes half a minute.
        compiles = options.compile == "on" or (options.compile == "auto" and device.type != "cpu" and can_compile())
        self._measured = torch.compile(self._measure, dynamic=False) if compiles else self._measure

    def load(self, arrays: Arrays) -> TorchState:
        """A state with copies of ``arrays`` on the device."""
        require_weights(self._graph, arrays)
        return from_canonical(arrays, self._graph, self._solver, self._seed, self._dtype, self._device)

    def save(self, state: TorchState) -> Arrays:
        """Copies of everything in ``state``."""
        return to_canonical(state)

    def place(self, batch: Batch) -> TorchBatch:
        """Copies that the device makes while it computes."""
        labels = self._to_device(shared(batch.labels)).long()
        weights = self._to_device(shared(batch.weights)).to(self._dtype)
        samples = weights.sum()
        earlier = self._classes < labels[:, None]
        return TorchBatch(
            self._to_device(shared(batch.images)), labels, weights, samples, samples.reciprocal(), earlier
        )

    def train_step(
        self, state: TorchState, batch: TorchBatch, learning_rate: float, step: int
    ) -> tuple[TorchState, Scores]:
        """Forward, backward, update; in place."""
        drawn = torch.full((), step, dtype=torch.int32, device=self._device) if self._has_dropout else None
        with exact_arithmetic(self._device):
            loss, hits = self._measured(state.training, batch, drawn)
            loss.backward(batch.share)
            update(self._solver, state.groups, learning_rate, step)
        return state, _scores(loss.detach(), hits, batch)

    def evaluate_step(self, state: TorchState, batch: TorchBatch) -> Scores:
        """Forward and score."""
        with torch.inference_mode(), exact_arithmetic(self._device):
            loss, hits = self._measured(state.evaluating, batch, None)
        return _scores(loss, hits, batch)

    def predict(
        self, state: TorchState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Forward, keeping what is asked for."""
        wanted = tuple(dict.fromkeys((self._graph.output, *taps)))
        with torch.inference_mode(), exact_arithmetic(self._device):
            values = state.evaluating.run(plan(self._graph, wanted), self._to_device(shared(images)))
            return {name: read(values[name], torch.float32) for name in wanted}

    def close(self) -> None:
        """Memory goes with the states."""

    def _to_device(self, tensor: Tensor) -> Tensor:
        if self._device.type == "cpu":
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def _measure(self, network: Network, batch: TorchBatch, step: Tensor | None) -> tuple[Tensor, Tensor]:
        """The total loss, and hits among the first one and the first five."""
        values = network.run(self._calls, batch.images, step)
        total = sum(_total_loss(loss, values[loss.logits], batch) for loss in self._graph.losses)
        with torch.no_grad():
            return total, _hits(values[self._graph.output], batch, self._ranks)


def _total_loss(loss: Loss, logits: Tensor, batch: TorchBatch) -> Tensor:
    each = F.cross_entropy(logits, batch.labels, reduction="none", label_smoothing=loss.label_smoothing)
    total = torch.dot(each, batch.weights)
    return total if loss.weight == 1 else total * loss.weight


def _hits(logits: Tensor, batch: TorchBatch, ranks: Tensor) -> Tensor:
    """For each of ``ranks`` the weight of samples with fewer classes than that before their label."""
    own = logits.gather(1, batch.labels[:, None])
    before = torch.where(batch.earlier, logits >= own, logits > own).sum(1, keepdim=True)
    return batch.weights @ (before < ranks).to(logits.dtype)


def _scores(loss: Tensor, hits: Tensor, batch: TorchBatch) -> dict[str, Tensor]:
    return {"loss": loss, "correct": hits[0], "top5": hits[1], "samples": batch.samples}
