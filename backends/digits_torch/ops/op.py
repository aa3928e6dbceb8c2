"""What every builder is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import nn

from digits_core.graph.graph import Layer

#: (layer, seed of the job) → module with uninitialised weights
Builder: TypeAlias = Callable[[Layer, int], nn.Module]
