import dataclasses
import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from digits_core.graph.boxes import BOX_WIDTH
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.diagram import diagram
from digits_core.graph.draw import draw
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.ops import Add, BatchNorm, Concat, Conv, Dense, MaxPool, Relu
from digits_core.graph.raster import SCALE, png
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network

SVG = "{http://www.w3.org/2000/svg}"
SMALL = NetworkInput(channels=3, height=16, width=16, classes=4)


def branches() -> Graph:
    graph = (
        NetworkBuilder("branches", SMALL.op(1 / 255))
        .add("stem", Conv(filters=8, kernel=3, padding=1))
        .add("left", Conv(filters=4, kernel=1), after="stem")
        .add("right", MaxPool(kernel=3, padding=1, ceil_mode=True), after="stem")
        .add("right2", Conv(filters=4, kernel=3, padding=1, bias=False))
        .add("joined", Concat(), after=["left", "right2"])
        .add("norm", BatchNorm())
        .add("active", Relu())
        .add("sum", Add(), after=["active", "joined"])
        .add("logits", Dense(units=SMALL.classes))
        .graph()
    )
    return dataclasses.replace(graph, name="a <b> & 'c'")


def residual(count: int) -> Graph:
    """Blocks whose sum takes what the block takes, each with a head at its side."""
    builder = NetworkBuilder("residual", SMALL.op()).add("stem", Conv(filters=8, kernel=1))
    for index in range(1, count + 1):
        before = builder.last
        builder.add(f"res.{index}.conv1", Conv(filters=8, kernel=3, padding=1)).add(f"res.{index}.relu", Relu())
        builder.add(f"res.{index}.conv2", Conv(filters=8, kernel=3, padding=1))
        builder.add(f"res.{index}.sum", Add(), after=[f"res.{index}.conv2", before])
    return builder.add("logits", Dense(units=4)).graph()


def picture(graph: Graph) -> str:
    return draw(graph).svg()


def boxes(svg: str) -> dict[str, tuple[float, float, float]]:
    """Left, top and foot of the box of every layer, by name."""
    places = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        title, box = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None and title.text and box is not None
        top = float(box.get("y", ""))
        places[title.text.split(":")[0]] = (float(box.get("x", "")), top, top + float(box.get("height", "")))
    return places


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_layer_has_one_box_with_its_operation_and_cost():
    graph = branches()
    svg = picture(graph)
    assert set(boxes(svg)) == {layer.name for layer in graph.layers}
    assert "conv 3×3: filters 8, padding 1" in texts(svg)
    assert "max pool 3×3: padding 1, ceil mode" in texts(svg)
    assert "conv 3×3: filters 4, padding 1, no bias" in texts(svg)
    assert "224 weights · 112.6 kFLOP" in texts(svg)


def test_names_are_escaped_so_that_the_picture_is_valid_xml():
    assert texts(picture(branches()))[0] == "a <b> & 'c'"


@pytest.mark.parametrize("graph", [branches(), residual(3)])
def test_every_layer_lies_below_all_layers_it_takes(graph):
    places = boxes(picture(graph))
    for layer in graph.layers:
        assert all(places[source][2] <= places[layer.name][1] for source in layer.inputs)


FAMILIES = discover().network_families


@pytest.mark.parametrize("network", ["googlenet", "resnet-18", "unet-encoder"])
def test_boxes_never_overlap_and_lie_inside_the_picture(network):
    svg = picture(build_network(network, None, FAMILIES))
    _, _, width, height = (float(part) for part in ElementTree.fromstring(svg).get("viewBox", "").split())
    places = list(boxes(svg).values())
    for index, (x, top, foot) in enumerate(places):
        assert 0 <= x <= width - BOX_WIDTH and 0 <= top < foot <= height
        for other, above, below in places[index + 1 :]:
            assert abs(x - other) >= BOX_WIDTH or top >= below or above >= foot


def test_what_follows_a_layer_is_at_its_foot_and_what_two_take_is_not():
    places = boxes(picture(branches()))
    assert places["norm"][1] > places["joined"][2]
    assert places["active"][1] == places["norm"][2]


def test_layers_of_a_block_lie_in_its_frame_and_say_their_own_names():
    graph = residual(2)
    assert [block.name for block in diagram(graph)] == ["", "", "res.1", "res.2", ""]
    shown = texts(picture(graph))
    assert {"res.1", "res.2"} <= set(shown) and shown.count("conv1") == 2 and "res.1.conv1" not in shown


def test_a_block_that_something_else_lies_between_has_no_frame():
    builder = NetworkBuilder("net", SMALL.op()).add("a.in", Conv(filters=2, kernel=1)).add("b", MaxPool(kernel=2))
    graph = builder.add("a.out", Conv(filters=2, kernel=1)).add("logits", Dense(units=4)).graph()
    assert [block.name for block in diagram(graph)] == [""] * 5


def test_below_each_box_is_the_shape_that_leaves_it():
    shown = texts(picture(branches()))
    assert {"3×16×16", "8×16×16", "4×16×16"} <= set(shown)
    assert "12×16×16" not in shown


def test_a_chain_is_drawn_as_one_straight_column_with_its_blocks():
    graph = residual(3)
    places = boxes(picture(graph))
    through = [places[name][0] for name in ("input", "stem", "res.1.sum", "res.2.sum", "res.3.sum", "logits")]
    assert max(through) - min(through) < 1


@pytest.mark.parametrize("count", [2, 5])
def test_parallel_branches_lie_side_by_side(count):
    builder = NetworkBuilder("fan", SMALL.op()).add("stem", Relu())
    for index in range(count):
        builder.add(f"branch{index}", Relu(), after="stem")
    graph = builder.add("sum", Add(), after=[f"branch{index}" for index in range(count)]).add("out", Dense(units=4))
    places = boxes(picture(graph.graph()))
    assert len({places[f"branch{index}"][1] for index in range(count)}) == 1
    assert len({places[f"branch{index}"][0] for index in range(count)}) == count


def test_the_png_shows_the_same_picture():
    scene = draw(residual(1))
    shown = Image.open(io.BytesIO(png(scene)))
    assert shown.size == (round(scene.width * SCALE), round(scene.height * SCALE))
    left, top, _ = boxes(scene.svg())["stem"]
    assert shown.getpixel((int((left + 6) * SCALE), int((top + 20) * SCALE))) == (0xDC, 0xEB, 0xFB)
    assert shown.getpixel((2, 2)) == (255, 255, 255)
