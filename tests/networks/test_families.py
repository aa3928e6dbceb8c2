"""Families are the papers' networks: parameters, operations, sizes, how weights start and learn."""

import math
import re
from pathlib import Path

import pytest

from digits_core.errors import NetworkInvalid
from digits_core.graph.codec import decode, encode
from digits_core.graph.graph import NetworkInput
from digits_core.graph.initializers import Constant, Xavier
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network, choose_family

FAMILIES = discover().network_families
PAGE = Path(__file__).parents[2] / "docs/how-to/choose-a-network.md"

#: Parameters for 1000 classes, and millions of multiply-adds at the usual input.
#: alexnet, googlenet: Caffe's model zoo, https://github.com/BVLC/caffe/tree/master/models; squeezenet: 1.72 and 0.72
#: GFLOPS, two per multiply-add, https://github.com/forresti/SqueezeNet; mobilenet-v2: table 4 of the paper;
#: efficientnet-b0: 0.39 billion in table 2; convnext-tiny: 28.6 million and 4.5 billion in table 1; vit: 5.7 and 22
#: million in table 1 of DeiT. Exact counts of these, of vgg and of resnet: torchvision's model pages,
#: https://docs.pytorch.org/vision/stable/models.html, and timm's, https://huggingface.co/docs/timm/models.
PUBLISHED = {
    "alexnet": (60_965_224, 724),
    "googlenet:auxiliary=false": (6_998_552, 1583),
    "vgg-11": (132_863_336, 7609),
    "vgg-13": (133_047_848, 11308),
    "vgg-16": (138_357_544, 15470),
    "vgg-19": (143_667_240, 19632),
    "vgg-16:batch_norm=true": (138_365_992, 15470),
    "resnet-18": (11_689_512, 1814),
    "resnet-34": (21_797_672, 3664),
    "resnet-50": (25_557_032, 4089),
    "squeezenet-1.0": (1_248_424, 819),
    "squeezenet-1.1": (1_235_496, 349),
    "mobilenet-v2": (3_504_872, 300),
    "efficientnet-b0": (5_288_548, 386),
    "convnext-tiny": (28_589_128, 4456),
    "vit-tiny": (5_717_416, 1260),
    "vit-small": (22_050_664, 4610),
}


def build(text, side=None, classes=10):
    input = None if side is None else NetworkInput(channels=3, height=side, width=side, classes=classes)
    return build_network(text, input, FAMILIES)


def multiply_adds(graph):
    """What papers count: products of convolutions, dense layers and attention."""
    counted = 0
    for layer in graph.layers:
        if layer.op.kind in ("conv", "dense"):
            counted += (layer.flops - math.prod(layer.output) * layer.op.bias) // 2
        if layer.op.kind == "attention":
            counted += 2 * layer.output[1] ** 2 * layer.output[0]
    return counted


@pytest.mark.parametrize("text", PUBLISHED)
def test_parameters_and_multiply_adds_are_those_published(text):
    parameters, millions = PUBLISHED[text]
    graph = build(text)
    assert graph.classes == 1000
    assert graph.parameter_count == parameters
    assert multiply_adds(graph) / 1e6 == pytest.approx(millions, rel=0.006)


@pytest.mark.parametrize("name", FAMILIES.names())
def test_a_family_adapts_to_size_and_classes_and_survives_as_a_file(name):
    graph = build(name, side=64, classes=7)
    assert graph.classes == 7 and graph.name == name
    assert graph.layer("input").output == (3, 64, 64)
    assert decode(encode(graph)) == graph


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("lenet", 16),
        ("alexnet", 55),
        ("googlenet", 47),
        ("vgg-16", 32),
        ("squeezenet-1.0", 29),
        ("squeezenet-1.1", 25),
        ("convnext-tiny", 32),
        ("unet-encoder", 16),
        ("unet-encoder:levels=6", 32),
    ],
)
def test_a_picture_that_is_too_small_is_refused_with_the_size_that_is_needed(text, side):
    build(text, side)
    name = text.partition(":")[0]
    with pytest.raises(
        NetworkInvalid, match=rf"{name} expects pictures of at least {side}x{side}, found 400x{side - 1}"
    ):
        build_network(text, NetworkInput(3, side - 1, 400, 10), FAMILIES)


@pytest.mark.parametrize("name", ["resnet-18", "resnet-50", "mobilenet-v2", "efficientnet-b0"])
def test_what_averages_at_the_end_takes_pictures_of_any_size(name):
    assert build(name, side=1).parameter_count == build(name, side=64).parameter_count


def test_a_transformer_takes_multiples_of_its_patch():
    assert build("vit-tiny:patch=8", side=40).layer("pos_embed").output == (192, 26, 1)
    with pytest.raises(NetworkInvalid, match=r"multiples of its patch of 16 pixels, found 100x100.*96x96"):
        build("vit-tiny", side=100)


def test_what_is_wrong_but_not_the_size_is_said_as_it_is():
    with pytest.raises(NetworkInvalid, match="Network alexnet: conv2 expects channels and filters divisible"):
        build("alexnet:filters=[3,4,4,4,4]", side=32)


def test_alexnet_and_googlenet_start_and_learn_as_in_caffe():
    for graph in (build("alexnet"), build("googlenet")):
        for name, parameter in graph.parameters.items():
            learns = (parameter.rate_multiplier, parameter.decay_multiplier)
            assert learns == ((2, 0) if name.endswith("/bias") else (1, 1)), name
    alexnet, googlenet = build("alexnet").parameters, build("googlenet").parameters
    assert [alexnet[f"conv{number}/bias"].initializer.value for number in range(1, 6)] == [0, 0.1, 0, 0.1, 0.1]
    stds = {name: parameter.initializer.std for name, parameter in alexnet.items() if name.endswith("kernel")}
    assert {name: std for name, std in stds.items() if std != 0.01} == {"fc6/kernel": 0.005, "fc7/kernel": 0.005}
    assert {parameter.initializer for name, parameter in googlenet.items() if name.endswith("kernel")} == {Xavier()}
    zeros = {name for name, parameter in googlenet.items() if parameter.initializer == Constant(value=0)}
    assert zeros == {f"loss{number}.classifier/bias" for number in (1, 2, 3)}


@pytest.mark.parametrize(("name", "rates"), [("alexnet", [0.5, 0.5]), ("googlenet", [0.4, 0.7, 0.7])])
def test_alexnet_and_googlenet_normalise_pool_and_drop_as_in_caffe(name, rates):
    ops = [layer.op for layer in build(name).layers]
    assert {(op.size, op.alpha, op.beta, op.k) for op in ops if op.kind == "lrn"} == {(5, 1e-4, 0.75, 1)}
    assert {op.kernel for op in ops if op.kind == "max_pool"} == {(3, 3)}
    assert all(op.ceil_mode for op in ops if op.kind in ("max_pool", "average_pool") and op.stride != (1, 1))
    assert [op.rate for op in ops if op.kind == "dropout"] == rates


def test_googlenet_has_its_shapes_and_its_heads():
    graph = build("googlenet")
    assert [(loss.logits, loss.weight) for loss in graph.losses] == [
        ("loss3.classifier", 1.0),
        ("loss1.classifier", 0.3),
        ("loss2.classifier", 0.3),
    ]
    assert graph.output == "loss3.classifier"
    assert graph.layer("loss1.ave_pool").output == (512, 4, 4) and graph.layer("loss2.ave_pool").output == (528, 4, 4)
    assert graph.layer("inception_5b.output").output == (1024, 7, 7)
    assert graph.parameter_count == 13_378_280
    deploy = build("googlenet:auxiliary=false")
    assert {layer.name for layer in graph.needed_for([graph.output])} == {layer.name for layer in deploy.layers}
    assert build("googlenet", side=47).layer("loss1.ave_pool").output == (512, 1, 1)


def test_residual_blocks_may_start_as_the_identity():
    starts = {f"layer1.0.bn{number}": 1.0 for number in (1, 2, 3)}
    for text, last in (("resnet-50", 1.0), ("resnet-50:zero_init=true", 0.0)):
        parameters = build(text).parameters
        found = {name: parameters[f"{name}/scale"].initializer.value for name in starts}
        assert found == starts | {"layer1.0.bn3": last}


def test_layers_are_named_as_elsewhere():
    resnet = {layer.name for layer in build("resnet-50").layers}
    assert {"conv1", "bn1", "layer1.0.conv3", "layer4.2.bn3", "layer2.0.downsample.0", "fc"} <= resnet
    assert "layer1.1.downsample.0" not in resnet
    efficientnet = {layer.name for layer in build("efficientnet-b0").layers}
    assert {"conv_stem", "blocks.0.0.conv_pw", "blocks.1.0.conv_pwl", "blocks.6.0.se.conv_reduce"} <= efficientnet
    vit = set(build("vit-tiny").parameters)
    assert {"cls_token/token", "pos_embed/embedding", "blocks.11.attn.qkv/kernel", "blocks.0.mlp.fc2/bias"} <= vit


def test_the_page_tells_what_the_code_says():
    rows = re.findall(
        r"^\| `([^`]+)` \| ([\d,]+) \| ([\d,]+) \| (\S+) \| (.+?) \| (\d+) \| (.+?) \|$", PAGE.read_text(), re.M
    )
    assert tuple(sorted(name for name, *_ in rows)) == FAMILIES.names()
    for name, parameters, millions, least, pictures, batch, rate in rows:
        graph, chosen = build(name), choose_family(name, FAMILIES)
        recipe = chosen.family.recipe
        assert int(parameters.replace(",", "")) == graph.parameter_count, name
        assert int(millions.replace(",", "")) == round(multiply_adds(graph) / 1e6), name
        assert pictures == (f"{recipe.size}, crop {recipe.crop}" if recipe.crop else str(recipe.size)), name
        assert (int(batch), rate) == (recipe.batch, f"{recipe.solver} {recipe.rate:g}"), name
        build(name, side=int(least))
        if int(least) > 1:
            with pytest.raises(NetworkInvalid):
                build(name, side=int(least) - 1)
