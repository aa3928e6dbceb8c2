"""Layers that ``torch.nn`` does not have, as modules without anything of DIGITS in them, by concern."""

from digits_torch.layers.activations import HardSigmoid
from digits_torch.layers.joining import Add, Concat, Multiply
from digits_torch.layers.noise import Draw, KeyedDropout
from digits_torch.layers.normalization import BatchNorm, ChannelNorm, ChannelScale, Lrn
from digits_torch.layers.picture import Input
from digits_torch.layers.tokens import Attention, Position, Token, Tokens
from digits_torch.layers.windows import (
    PaddedAvgPool2d,
    PaddedConv2d,
    PaddedMaxPool2d,
    PictureLinear,
    PointwiseConv2d,
    SubsampledConv2d,
)

__all__ = [
    "Add",
    "Attention",
    "BatchNorm",
    "ChannelNorm",
    "ChannelScale",
    "Concat",
    "Draw",
    "HardSigmoid",
    "Input",
    "KeyedDropout",
    "Lrn",
    "Multiply",
    "PaddedAvgPool2d",
    "PaddedConv2d",
    "PaddedMaxPool2d",
    "PictureLinear",
    "PointwiseConv2d",
    "Position",
    "SubsampledConv2d",
    "Token",
    "Tokens",
]
