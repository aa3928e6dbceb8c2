import dataclasses
from xml.etree import ElementTree

import pytest

from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.draw import BOX_HEIGHT, BOX_WIDTH, draw
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.ops import Add, BatchNorm, Concat, Conv, Dense, MaxPool, Relu

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


def boxes(svg: str) -> dict[str, tuple[float, float]]:
    """Left and top of the box of every layer, by name."""
    places = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        title, box = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None and title.text and box is not None
        places[title.text.split(":")[0]] = (float(box.get("x", "")), float(box.get("y", "")))
    return places


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_layer_has_one_box_with_its_operation_and_cost():
    graph = branches()
    svg = draw(graph)
    assert set(boxes(svg)) == {layer.name for layer in graph.layers}
    assert "conv: filters 8, kernel 3, padding 1" in texts(svg)
    assert "max pool: kernel 3, padding 1, ceil mode" in texts(svg)
    assert "conv: filters 4, kernel 3, padding 1, no bias" in texts(svg)
    assert "224 weights · 112.6 kFLOP" in texts(svg)


def test_names_are_escaped_so_that_the_picture_is_valid_xml():
    assert texts(draw(branches()))[0] == "a <b> & 'c'"


def test_every_layer_lies_below_all_layers_it_takes():
    graph = branches()
    places = boxes(draw(graph))
    for layer in graph.layers:
        assert all(places[source][1] + BOX_HEIGHT < places[layer.name][1] for source in layer.inputs)


def test_boxes_never_overlap_and_lie_inside_the_picture():
    svg = draw(branches())
    left, top, width, height = (float(part) for part in ElementTree.fromstring(svg).get("viewBox", "").split())
    places = list(boxes(svg).values())
    for index, (x, y) in enumerate(places):
        assert left <= x <= left + width - BOX_WIDTH and top <= y <= top + height - BOX_HEIGHT
        assert all(abs(x - other) >= BOX_WIDTH or y != below for other, below in places[index + 1 :])


def test_edges_carry_the_shape_that_leaves_each_layer():
    shown = texts(draw(branches()))
    assert {"3×16×16", "8×16×16", "4×16×16"} <= set(shown)
    assert "12×16×16" not in shown


def test_a_chain_is_drawn_as_one_straight_column():
    graph = NetworkBuilder("chain", SMALL.op()).add("a", Relu()).add("b", Relu()).add("c", Dense(units=4)).graph()
    assert len({x for x, _ in boxes(draw(graph)).values()}) == 1


@pytest.mark.parametrize("count", [2, 5])
def test_parallel_branches_lie_side_by_side(count):
    builder = NetworkBuilder("fan", SMALL.op()).add("stem", Relu())
    for index in range(count):
        builder.add(f"branch{index}", Relu(), after="stem")
    graph = builder.add("sum", Add(), after=[f"branch{index}" for index in range(count)]).add("out", Dense(units=4))
    places = boxes(draw(graph.graph()))
    assert len({places[f"branch{index}"][1] for index in range(count)}) == 1
    assert len({places[f"branch{index}"][0] for index in range(count)}) == count
