"""Gradients of one step, summed over a team while the backward pass goes on.

Weights are gathered in buckets, last layer first, since that is the order in which gradients come. A bucket travels as
one piece of memory as soon as its last gradient is there. Source: Li et al., *PyTorch Distributed: Experiences on
Accelerating Data Parallel Training*, 2020, https://arxiv.org/abs/2006.15704.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from digits_torch.team import Pending, Team

#: Bytes after which a bucket is closed; the first one is small, so that it leaves early.
FIRST_BYTES, BUCKET_BYTES = 1 << 20, 25 << 20


class Bucket:
    """Weights whose gradients travel together.

    Args:
        weights: At least one; on one device, in one number format.
    """

    def __init__(self, weights: Sequence[nn.Parameter]) -> None:
        self.weights = weights
        self.memory = weights[0].new_zeros(sum(weight.numel() for weight in weights), requires_grad=False)
        self.views = list(_views(self.memory, weights))
        self.missing = len(weights)

    def pack(self) -> Tensor:
        """Move all gradients into one piece of memory; a weight without one has zeros.

        Gradients of weights are views of it afterwards.
        """
        found = [(view, weight.grad) for view, weight in zip(self.views, self.weights, strict=True)]
        present = [(view, gradient) for view, gradient in found if gradient is not None]
        if len(present) < len(found):
            self.memory.zero_()
        if present:
            torch._foreach_copy_([view for view, _ in present], [gradient for _, gradient in present])
        for view, weight in zip(self.views, self.weights, strict=True):
            weight.grad = view
        return self.memory


class GradientExchange:
    """Sums the gradients of weights over a team.

    Args:
        weights: In the order of the graph; the same in every process.
        team: The processes.
    """

    def __init__(self, weights: Sequence[nn.Parameter], team: Team) -> None:
        self._team = team
        self._buckets = [Bucket(weights) for weights in _buckets(reversed(weights))]
        self._waiting: list[Bucket] = []
        self._pending: list[Pending] = []
        for bucket in self._buckets:
            for weight in bucket.weights:
                weight.register_post_accumulate_grad_hook(partial(self._arrive, bucket))

    def backward(self, loss: Tensor, share: Tensor) -> None:
        """The last backward pass of a step: afterwards every weight has its gradient, summed over all processes.

        Args:
            loss: Scalar.
            share: The gradient with respect to it.

        Raises:
            JobFailed: If another process is gone.
        """
        self._waiting, self._pending = list(self._buckets), []
        for bucket in self._buckets:
            bucket.missing = len(bucket.weights)
        loss.backward(share)
        while self._waiting:  # with weights that no loss depends on
            self._send()
        for pending in self._pending:
            self._team.finish(pending)

    def _arrive(self, bucket: Bucket, weight: Tensor) -> None:
        bucket.missing -= 1
        # Every process has to send in the same order, whatever order its gradients come in.
        while self._waiting and self._waiting[0].missing == 0:
            self._send()

    def _send(self) -> None:
        self._pending.append(self._team.start_sum(self._waiting.pop(0).pack()))


def _buckets(weights: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Runs of weights that fill a bucket."""
    run: list[nn.Parameter] = []
    room = FIRST_BYTES
    for weight in weights:
        run.append(weight)
        room -= weight.nbytes
        if room <= 0:
            yield run
            run, room = [], BUCKET_BYTES
    if run:
        yield run


def _views(memory: Tensor, weights: Sequence[nn.Parameter]) -> Iterator[Tensor]:
    """Parts of ``memory`` shaped like ``weights``, with their order in memory, which the update rules need."""
    sizes = [weight.numel() for weight in weights]
    for part, weight in zip(memory.split(sizes), weights, strict=True):
        yield part.as_strided(weight.shape, weight.stride())
