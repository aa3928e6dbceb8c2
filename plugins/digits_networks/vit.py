"""Vision transformers of tiny and small size.

Source: Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2020, https://arxiv.org/abs/2010.11929; these sizes,
and how weights start: Touvron et al., *Training data-efficient image transformers*, 2020,
https://arxiv.org/abs/2012.12877.
Layers are named as timm names them. Dense layers that act on every token are convolutions of one pixel.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from digits_core.contracts.network_family import NetworkFamily, Recipe
from digits_core.errors import NetworkInvalid
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.initializers import TruncatedNormal
from digits_core.graph.ops import (
    Add,
    Attention,
    Conv,
    Dense,
    Dropout,
    Gelu,
    LayerNorm,
    Position,
    StochasticDepth,
    Token,
    Tokens,
)
from digits_core.spec.model import Spec

#: Channels of a token, and heads, by size.
SIZES = {"tiny": (192, 3), "small": (384, 6)}


class VitParams(Spec):
    """Sizes of a vision transformer."""

    size: Literal["tiny", "small"] = "tiny"
    """Tiny: tokens of 192 channels and 3 heads; small: 384 and 6."""
    patch: int = Field(default=16, ge=1)
    """Side of the square of pixels that becomes a token; the sides of pictures are multiples of it."""
    depth: int = Field(default=12, ge=1)
    """Blocks."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of elements that is dropped after the position embedding and after each mlp while training."""
    stochastic_depth: float = Field(default=0.1, ge=0, lt=1)
    """How often a branch of the last block is left out while training; earlier ones proportionally less often."""
    scale: float = Field(default=1 / 57.6, gt=0)
    """Factor on pixels after the mean is subtracted; 57.6 is how far pixels of photos usually deviate."""


class Vit(NetworkFamily):
    """Attention between patches: 5,717,416 parameters (tiny) or 22,050,664 (small) for 1000 classes."""

    name: ClassVar = "vit"
    Params: ClassVar = VitParams
    usual_input: ClassVar = NetworkInput(channels=3, height=224, width=224, classes=1000)
    recipe: ClassVar = Recipe(size=256, crop=224, mirror=True, batch=1024, solver="adamw", rate=0.001)

    def build(self, params: Any, input: NetworkInput) -> Graph:
        """A vision transformer; it learns an embedding for as many patches as the picture has."""
        name, (channels, heads) = f"vit-{params.size}", SIZES[params.size]
        _require_patches(name, params.patch, input)
        network = NetworkBuilder(name, input.op(params.scale))
        network.add("patch_embed.proj", _linear(channels, params.patch))
        network.add("cls_token", Tokens(class_token=True)).add("pos_embed", Position())
        if params.dropout:
            network.add("pos_drop", Dropout(rate=params.dropout))
        for number in range(params.depth):
            rate = params.stochastic_depth * number / max(1, params.depth - 1)
            _attention(network, f"blocks.{number}", channels, heads, rate)
            _mlp(network, f"blocks.{number}", channels, params.dropout, rate)
        network.add("norm", LayerNorm()).add("token", Token())
        return network.add("head", Dense(units=input.classes, kernel_initializer=TruncatedNormal(std=0.02))).graph()


def _require_patches(name: str, patch: int, input: NetworkInput) -> None:
    if input.height % patch or input.width % patch:
        raise NetworkInvalid(
            f"Network {name} expects pictures whose sides are multiples of its patch of {patch} pixels, "
            f"found {input.width}x{input.height}.",
            hint=f"Crop or resize them, for example to {_multiple(input.width, patch)}x{_multiple(input.height, patch)}"
            ", or choose another patch.",
        )


def _multiple(side: int, patch: int) -> int:
    return max(1, side // patch) * patch


def _attention(network: NetworkBuilder, name: str, channels: int, heads: int, rate: float) -> None:
    """``x + proj(attention(qkv(norm(x))))``."""
    before = network.last
    network.add(f"{name}.norm1", LayerNorm()).add(f"{name}.attn.qkv", _linear(3 * channels))
    network.add(f"{name}.attn", Attention(heads=heads)).add(f"{name}.attn.proj", _linear(channels))
    _join(network, f"{name}.add1", f"{name}.drop_path1", before, rate)


def _mlp(network: NetworkBuilder, name: str, channels: int, dropout: float, rate: float) -> None:
    """``x + fc2(gelu(fc1(norm(x))))``."""
    before = network.last
    network.add(f"{name}.norm2", LayerNorm()).add(f"{name}.mlp.fc1", _linear(4 * channels))
    network.add(f"{name}.mlp.act", Gelu()).add(f"{name}.mlp.fc2", _linear(channels))
    if dropout:
        network.add(f"{name}.mlp.drop", Dropout(rate=dropout))
    _join(network, f"{name}.add2", f"{name}.drop_path2", before, rate)


def _join(network: NetworkBuilder, name: str, drop: str, before: str, rate: float) -> None:
    if rate:
        network.add(drop, StochasticDepth(rate=rate))
    network.add(name, Add(), after=[network.last, before])


def _linear(filters: int, patch: int = 1) -> Conv:
    return Conv(filters=filters, kernel=patch, stride=patch, kernel_initializer=TruncatedNormal(std=0.02))
