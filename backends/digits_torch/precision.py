"""Number formats: what weights are kept in, what activations are computed in, and how small gradients survive."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

#: What weights, slots, statistics, logits and losses are in.
WIDE: dict[str, torch.dtype] = {
    "fp32": torch.float32,
    "fp64": torch.float64,
    "bf16": torch.float32,
    "fp16": torch.float32,
}
#: What matrix products, convolutions and activations are in, where that is another one.
HALF: dict[str, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}


def offered() -> frozenset[str]:
    """Number formats for the devices here; fp16 is for GPUs, a processor is faster in every other one."""
    return frozenset(WIDE) if torch.cuda.is_available() else frozenset(WIDE) - {"fp16"}


class LossScale:
    """A factor on the loss that keeps fp16 gradients from vanishing, as large as they can bear.

    Source: Micikevicius et al., *Mixed Precision Training*, 2018, https://arxiv.org/abs/1710.03740, with the constants
    of ``torch.amp.GradScaler``.

    Attributes:
        factor: By what the loss is multiplied; a power of two, so that it rounds nothing.
    """

    GROWTH_STEPS = 2000

    def __init__(self, factor: float = 2.0**16) -> None:
        self.factor = factor
        self._finite_steps = 0

    def unscale(self, gradients: Sequence[list[Tensor]]) -> bool:
        """Divide ``gradients`` by the factor, in place, and choose the next factor; waits for the device.

        Returns:
            Whether all of them are finite; a step that is not has to be left out.
        """
        every = [gradient for group in gradients for gradient in group]
        finite = bool(torch.nn.utils.get_total_norm(every).isfinite())
        if not finite:
            self.factor, self._finite_steps = self.factor / 2, 0
            return False
        torch._foreach_mul_(every, 1 / self.factor)
        self._finite_steps += 1
        if self._finite_steps == self.GROWTH_STEPS:
            self.factor, self._finite_steps = self.factor * 2, 0
        return True
