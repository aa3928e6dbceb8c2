"""Which layer of torchvision and timm is which of ours.

Sources: https://github.com/pytorch/vision/tree/main/torchvision/models and
https://github.com/huggingface/pytorch-image-models/tree/main/timm/models. A table maps our layers to theirs; what
follows the layer's name, ``weight`` or ``running_mean``, follows from what our layer computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from digits_core.spec.imported import Normalization
from digits_pretrained.one_tower import ONE_TOWER

#: What each of several layers is called, ours first.
Names = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The layers of one network in one collection.

    Attributes:
        network: What we call the network.
        origin: Whose names they are.
        layers: Names of their layers by ours, in the order of ours; the last is the one that classifies.
        normalization: What everyone who trained it did to pixels; None: some did this and some that.
        width: Rows of their first weight, where that alone tells two networks apart.
    """

    network: str
    origin: str
    layers: Mapping[str, str]
    normalization: Normalization | None = "imagenet"
    width: int | None = None

    @property
    def head(self) -> str:
        """Their name of the layer that classifies."""
        return tuple(self.layers.values())[-1]


def tables() -> tuple[Table, ...]:
    """Every network that can be imported."""
    both = "torchvision and timm"
    return (
        Table(ONE_TOWER, "torchvision", _one_tower()),
        *(Table(_vgg_name(depth, norm), "torchvision", _vgg(depth, norm, timm=False)) for depth, norm in _VGGS),
        *(Table(_vgg_name(depth, norm), "timm", _vgg(depth, norm, timm=True)) for depth, norm in _VGGS),
        *(Table(f"resnet-{depth}", both, _resnet(depth)) for depth in RESNETS),
        *(Table(f"squeezenet-{version}", "torchvision", _squeezenet(version)) for version in SQUEEZENETS),
        Table("mobilenet-v2", "torchvision", _mobile(MOBILENET, squeezes=False)),
        Table("mobilenet-v2", "timm", _same(_mobile(MOBILENET, squeezes=False))),
        Table("efficientnet-b0", "torchvision", _mobile(EFFICIENTNET, squeezes=True)),
        Table("efficientnet-b0", "timm", _same(_mobile(EFFICIENTNET, squeezes=True))),
        Table("convnext-tiny", "torchvision", _convnext()),
        Table("convnext-tiny", "timm", _same(_convnext())),
        Table("vit-tiny", "timm", _vit(), None, width=192),
        Table("vit-small", "timm", _vit(), None, width=384),
    )


#: Networks that are known and cannot be imported: a weight that only they have, and why not.
STRANGERS = {
    "inception3a.branch1.conv.weight": "torchvision's GoogLeNet normalises batches and has 3x3 convolutions where the "
    "paper's, which is ours, has 5x5",
    "Mixed_5b.branch1x1.conv.weight": "this is Inception v3, which is not among our networks",
    "conv_proj.weight": "these are torchvision's vision transformers, which are larger than our vit-tiny and vit-small",
    "features.denseblock1.denselayer1.norm1.weight": "this is DenseNet, which is not among our networks",
}

RESNETS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
VGGS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_VGGS = [(depth, norm) for depth in VGGS for norm in (False, True)]
#: After which fire blocks there is a pooling, which counts as a layer there.
SQUEEZENETS = {"1.0": (4, 8), "1.1": (3, 5)}
#: How many blocks each stage has.
MOBILENET, EFFICIENTNET, CONVNEXT = (1, 2, 3, 4, 3, 3, 1), (1, 2, 2, 3, 3, 4, 1), (3, 3, 9, 3)
VIT_BLOCKS = 12


def _same(layers: Names) -> Names:
    """Layers that they name as we do."""
    return {ours: ours for ours in layers}


def _one_tower() -> Names:
    convs = {f"conv{number}": f"features.{place}" for number, place in enumerate((0, 3, 6, 8, 10), 1)}
    return convs | {"fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}


def _vgg_name(depth: int, norm: bool) -> str:
    return f"vgg-{depth}:batch_norm=true" if norm else f"vgg-{depth}"


def _vgg(depth: int, norm: bool, *, timm: bool) -> Names:
    names, place = {}, 0
    for stage, count in enumerate(VGGS[depth], 1):
        for number in range(1, count + 1):
            names[f"conv{stage}_{number}"] = f"features.{place}"
            if norm:
                names[f"bn{stage}_{number}"] = f"features.{place + 1}"
            place += 3 if norm else 2
        place += 1
    dense = (
        ("pre_logits.fc1", "pre_logits.fc2", "head.fc") if timm else ("classifier.0", "classifier.3", "classifier.6")
    )
    return names | dict(zip(("fc6", "fc7", "fc8"), dense, strict=True))


def _resnet(depth: int) -> Names:
    convs = 3 if depth == 50 else 2
    names = ["conv1", "bn1"]
    for stage, count in enumerate(RESNETS[depth], 1):
        for number in range(count):
            block = f"layer{stage}.{number}"
            names += [f"{block}.{kind}{one}" for one in range(1, convs + 1) for kind in ("conv", "bn")]
            if number == 0 and (stage > 1 or convs == 3):
                names += [f"{block}.downsample.0", f"{block}.downsample.1"]
    return {name: name for name in (*names, "fc")}


def _squeezenet(version: str) -> Names:
    names, place = {"conv1": "features.0"}, 3
    for number in range(2, 10):
        for part in ("squeeze", "expand1x1", "expand3x3"):
            names[f"fire{number}.{part}"] = f"features.{place}.{part}"
        place += 2 if number in SQUEEZENETS[version] else 1
    return names | {"conv10": "classifier.1"}


def _mobile(stages: tuple[int, ...], *, squeezes: bool) -> Names:
    """Networks of inverted residuals: torchvision numbers what timm names."""
    names = {"conv_stem": "features.0.0", "bn1": "features.0.1"}
    starts = list(accumulate(stages, initial=1))
    for stage, count in enumerate(stages):
        for number in range(count):
            theirs = f"features.{stage + 1}.{number}.block" if squeezes else f"features.{starts[stage] + number}.conv"
            parts = _squeezing_block(stage == 0) if squeezes else _plain_block(stage == 0)
            names |= {f"blocks.{stage}.{number}.{ours}": f"{theirs}.{part}" for ours, part in parts}
    last = len(stages) + 1 if squeezes else starts[-1]
    return names | {"conv_head": f"features.{last}.0", "bn2": f"features.{last}.1", "classifier": "classifier.1"}


def _plain_block(first: bool) -> Iterator[tuple[str, str]]:
    """MobileNetV2: the last convolution and its norm are no pair of their own."""
    convs = ("conv_dw", "conv_pw") if first else ("conv_pw", "conv_dw", "conv_pwl")
    for number, conv in enumerate(convs[:-1]):
        yield conv, f"{number}.0"
        yield f"bn{number + 1}", f"{number}.1"
    yield convs[-1], f"{len(convs) - 1}"
    yield f"bn{len(convs)}", f"{len(convs)}"


def _squeezing_block(first: bool) -> Iterator[tuple[str, str]]:
    """EfficientNet: squeeze and excitation come before the last convolution."""
    convs = ("conv_dw", "conv_pw") if first else ("conv_pw", "conv_dw", "conv_pwl")
    squeeze = len(convs) - 1
    for number, conv in enumerate(convs):
        place = number + (number >= squeeze)
        yield conv, f"{place}.0"
        yield f"bn{number + 1}", f"{place}.1"
    yield "se.conv_reduce", f"{squeeze}.fc1"
    yield "se.conv_expand", f"{squeeze}.fc2"


def _convnext() -> Names:
    parts = {
        "conv_dw": "block.0",
        "norm": "block.2",
        "mlp.fc1": "block.3",
        "mlp.fc2": "block.5",
        "gamma": "layer_scale",
    }
    names = {"stem.0": "features.0.0", "stem.1": "features.0.1"}
    for stage, count in enumerate(CONVNEXT):
        if stage:
            names |= {f"stages.{stage}.downsample.{part}": f"features.{2 * stage}.{part}" for part in (0, 1)}
        for number in range(count):
            ours, theirs = f"stages.{stage}.blocks.{number}", f"features.{2 * stage + 1}.{number}"
            names |= {f"{ours}.{part}": f"{theirs}.{other}" for part, other in parts.items()}
    return names | {"head.norm": "classifier.0", "head.fc": "classifier.2"}


def _vit() -> Names:
    parts = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
    blocks = [f"blocks.{number}.{part}" for number in range(VIT_BLOCKS) for part in parts]
    names = ("patch_embed.proj", "cls_token", "pos_embed", *blocks, "norm", "head")
    return {name: name for name in names}
