"""One pass forward, one backward, one update, without waiting for the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from digits_core.contracts.backend import SCORE_NAMES, Arrays, Batch, BuildContext, Program, Scores, parts, score_names
from digits_core.contracts.claims import require_weights
from digits_core.contracts.solver_rules import rule_of
from digits_core.graph.graph import INPUT, Graph, Loss
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase
from digits_torch.arrays import TorchState, from_canonical, read, shared, to_canonical
from digits_torch.devices import arithmetic, choose_compilation
from digits_torch.layers import Draw
from digits_torch.native import DRAWING, Call, Network, plan, twin
from digits_torch.precision import HALF, WIDE, LossScale
from digits_torch.solvers import RULES, Rule
from digits_torch.team import Team
from digits_torch.update import take_gradients, update


class TorchBatch(NamedTuple):
    """A batch on the device, with everything that depends on it alone.

    Attributes:
        images: uint8 ``[B, H, W, C]``.
        labels: int64 ``[B]``.
        weights: ``[B]`` in the program's number format.
        samples: Scalar, Σ weights.
        share: Scalar, 1 / samples of the global batch: the gradient of the mean loss with respect to the total loss.
        earlier: bool ``[B, classes]``, true for classes below the label.
        factors: ``[B]``, of each row's loss: weight times importance; ``weights`` itself where all are as important.
        second: int64 ``[B]``, a second target.
        blend: ``[B]``, what the label has of the target.
    """

    images: Tensor
    labels: Tensor
    weights: Tensor
    samples: Tensor
    share: Tensor
    earlier: Tensor
    factors: Tensor
    second: Tensor | None = None
    blend: Tensor | None = None

    def part(self, rows: slice) -> TorchBatch:
        """Some of its rows, each with the same share of the whole."""
        weights = self.weights[rows]
        return TorchBatch(
            self.images[rows],
            self.labels[rows],
            weights,
            weights.sum(),
            self.share,
            self.earlier[rows],
            self.factors[rows],
            None if self.second is None else self.second[rows],
            None if self.blend is None else self.blend[rows],
        )


class TorchProgram(Program):
    """A graph on one device, alone or in step with other processes.

    Args:
        graph: The network.
        solver: How weights are updated.
        options: Number format, parts of a batch, and whether steps are compiled.
        context: Seed of dropout, and who trains together.
        device: Where it runs.

    Raises:
        JobFailed: If the other processes cannot be reached.
    """

    def __init__(
        self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext, device: torch.device
    ) -> None:
        self._graph, self._solver, self._context, self._device = graph, solver, context, device
        self._rule: Rule = rule_of(solver, "torch", RULES)
        self._dtype, self._half, self._tf32 = WIDE[options.precision], HALF.get(options.precision), options.tf32
        self._loss_scale = LossScale() if self._half is torch.float16 else None
        self._team = Team(context, device) if context.addresses else None
        # Batch norm sees the parts of all processes together, so that each has as many as the smallest share allows.
        smallest = context.batch // context.process_count
        self._parts = min(options.accumulate, smallest) if self._team else options.accumulate
        self._heads = tuple(dict.fromkeys((graph.output, *(loss.logits for loss in graph.losses))))
        self._calls = plan(graph, self._heads)
        self._names = score_names(graph)
        self._has_dropout = any(layer.op.kind in DRAWING for layer in graph.layers)
        self._classes = torch.arange(graph.classes, device=device)
        self._ranks = torch.tensor([1, 5], device=device)
        compiles, self.compilation = choose_compilation(options, device)
        self._measured = torch.compile(self._measure, dynamic=False) if compiles else self._measure

    def load(self, arrays: Arrays) -> TorchState:
        """A state with copies of ``arrays`` on the device."""
        require_weights(self._graph, arrays)
        return from_canonical(
            arrays, self._graph, self._solver, self._context.seed, self._dtype, self._device, self._team
        )

    def save(self, state: TorchState) -> Arrays:
        """Copies of everything in ``state``."""
        return to_canonical(state)

    def place(self, batch: Batch) -> TorchBatch:
        """Copies that the device makes while it computes."""
        labels = self._to_device(shared(batch.labels)).long()
        weights = self._numbers(batch.weights)
        factors = weights if batch.importance is None else weights * self._numbers(batch.importance)
        second = None if batch.second is None else self._to_device(shared(batch.second)).long()
        blend = None if batch.share is None else self._numbers(batch.share)
        samples = weights.sum()
        share = torch.full_like(samples, 1 / self._context.batch) if self._team else samples.reciprocal()
        earlier = self._classes < labels[:, None]
        images = self._to_device(shared(batch.images))
        return TorchBatch(images, labels, weights, samples, share, earlier, factors, second, blend)

    def train_step(
        self, state: TorchState, batch: TorchBatch, learning_rate: float, step: int
    ) -> tuple[TorchState, Scores]:
        """Forward and backward, part by part; update; in place."""
        with arithmetic(self._device, self._tf32):
            loss, sums = self._backward(state, batch, step)
            gradients = take_gradients(state.groups)
            if self._loss_scale is None or self._loss_scale.unscale(gradients):
                update(self._rule, self._solver, state.groups, gradients, learning_rate, step)
        return state, self._scores(loss, sums, batch)

    def evaluate_step(self, state: TorchState, batch: TorchBatch) -> Scores:
        """Forward and score."""
        with torch.inference_mode(), arithmetic(self._device, self._tf32):
            loss, sums = self._measured(state.evaluating, batch, None)
        return self._scores(loss, sums, batch)

    def predict(
        self, state: TorchState, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, keeping what is asked for."""
        wanted = tuple(dict.fromkeys((self._graph.output, *taps)))
        with torch.inference_mode(), arithmetic(self._device, self._tf32):
            values = self._run(state.evaluating, plan(self._graph, wanted), self._to_device(shared(images)))
            return {name: read(values[name], self._dtype) for name in wanted}

    def gradients(
        self, state: TorchState, images: npt.NDArray[np.uint8], classes: npt.NDArray[np.int32], taps: Sequence[str]
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Forward, and autograd from one logit of each picture to the activations."""
        network = twin(state.evaluating)
        # Frozen weights ask for no gradient, so what follows from them alone would not be recorded.
        network.layer(INPUT).register_forward_hook(lambda module, inputs, output: output.requires_grad_())
        calls = plan(self._graph, (self._graph.output, *taps))
        with torch.enable_grad(), arithmetic(self._device, self._tf32):
            with torch.autocast(self._device.type, self._half, enabled=self._half is not None):
                values = network.run(calls, self._to_device(shared(images)))
            logits = values[self._graph.output]
            chosen = logits.gather(1, self._to_device(shared(classes)).long()[:, None]).sum()
            found = torch.autograd.grad(chosen, [values[name] for name in taps])
        return {name: read(value, self._dtype) for name, value in zip(taps, found, strict=True)}

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum over the processes that train together."""
        return self._team.total(values) if self._team else values

    def close(self) -> None:
        """Disconnect; memory goes with the states."""
        if self._team:
            self._team.close()

    def _numbers(self, array: npt.NDArray[np.float32]) -> Tensor:
        return self._to_device(shared(array)).to(self._dtype)

    def _to_device(self, tensor: Tensor) -> Tensor:
        if self._device.type == "cpu":
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def _backward(self, state: TorchState, batch: TorchBatch, step: int) -> tuple[Tensor, Tensor]:
        """Leave the gradients of the global batch at the weights; gives what `_measure` does of this process's rows."""
        slices = parts(len(batch.labels), self._parts)
        if len(slices) == 1:
            return self._descend(state, batch, self._draw(step, 0), last=True)
        found = [
            self._descend(state, batch.part(rows), self._draw(step, rows.start), last=rows is slices[-1])
            for rows in slices
        ]
        return torch.stack([loss for loss, _ in found]).sum(), torch.stack([sums for _, sums in found]).sum(0)

    def _descend(self, state: TorchState, batch: TorchBatch, draw: Draw | None, last: bool) -> tuple[Tensor, Tensor]:
        """Add the gradients of one part to those that the weights have; gives what `_measure` does of it."""
        loss, sums = self._measured(state.training, batch, draw)
        share = batch.share * self._loss_scale.factor if self._loss_scale else batch.share
        if last and state.exchange:
            state.exchange.backward(loss, share)
        else:
            loss.backward(share)
        return loss.detach(), sums

    def _draw(self, step: int, row: int) -> Draw | None:
        """What decides dropout's masks of a part that begins at ``row`` of this process's rows."""
        if not self._has_dropout:
            return None
        if self._parts == 1 and not self._team:
            return Draw(self._scalar(step))
        return Draw(self._scalar(step), self._scalar(self._context.rows.start + row))

    def _scalar(self, number: int) -> Tensor:
        return torch.full((), number, dtype=torch.int32, device=self._device)

    def _measure(self, network: Network, batch: TorchBatch, draw: Draw | None) -> tuple[Tensor, Tensor]:
        """The total loss, and in one vector hits among the first one and the first five, and several heads' losses."""
        values = self._run(network, self._calls, batch.images, draw)
        found = [_head_loss(loss, values[loss.logits], batch) for loss in self._graph.losses]
        total = sum(
            own if loss.weight == 1 else own * loss.weight for loss, own in zip(self._graph.losses, found, strict=True)
        )
        with torch.no_grad():
            hits = _hits(values[self._graph.output], batch, self._ranks)
            return total, torch.cat([hits, self._per_head(found)]) if len(self._names) > len(SCORE_NAMES) else hits

    def _per_head(self, found: Sequence[Tensor]) -> Tensor:
        sums: dict[str, Tensor] = {}
        for loss, own in zip(self._graph.losses, found, strict=True):
            sums[loss.logits] = sums[loss.logits] + own if loss.logits in sums else own
        return torch.stack(list(sums.values())).detach()

    def _scores(self, loss: Tensor, sums: Tensor, batch: TorchBatch) -> Scores:
        return dict(zip(self._names, (loss, sums[0], sums[1], batch.samples, *sums[2:]), strict=True))

    def _run(
        self, network: Network, calls: Sequence[Call], images: Tensor, draw: Draw | None = None
    ) -> dict[str, Tensor]:
        """Activations, computed in half precision where that is asked for, but handed over in float32."""
        if self._half is None:
            return network.run(calls, images, draw)
        with torch.autocast(self._device.type, self._half):
            values = network.run(calls, images, draw)
        return {name: value.to(self._dtype) for name, value in values.items()}


def _head_loss(loss: Loss, logits: Tensor, batch: TorchBatch) -> Tensor:
    each = _cross_entropy(loss, logits, batch.labels)
    if batch.second is not None and batch.blend is not None:
        each = batch.blend * each + (1 - batch.blend) * _cross_entropy(loss, logits, batch.second)
    return torch.dot(each, batch.factors)


def _cross_entropy(loss: Loss, logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none", label_smoothing=loss.label_smoothing)


def _hits(logits: Tensor, batch: TorchBatch, ranks: Tensor) -> Tensor:
    """For each of ``ranks`` the weight of samples with fewer classes than that before their label."""
    own = logits.gather(1, batch.labels[:, None])
    before = torch.where(batch.earlier, logits >= own, logits > own).sum(1, keepdim=True)
    return batch.weights @ (before < ranks).to(logits.dtype)
