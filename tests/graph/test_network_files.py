"""Network files as people write them: places of mistakes, blocks, activations, and files made from graphs."""

import copy
import textwrap

import pytest

from digits_core.errors import NetworkInvalid
from digits_core.graph.blocks import MOST_LAYERS
from digits_core.graph.codec import decode
from digits_core.graph.customize import customize
from digits_core.graph.graph import NetworkInput
from digits_core.graph.initializers import Constant, Gaussian, HeNormal
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network
from digits_core.spec.files import parse_marked, parse_text
from digits_core.testing.graphs import OP_CASES, graph_of, multiplied, two_headed

HEAD = "name: net\ninput: {channels: 4, height: 16, width: 16, classes: 3}\n"
RESIDUAL = """\
blocks:
  residual:
    parameters: {filters: required, stride: 1}
    layers:
      - {name: conv1, op: conv, filters: $filters, kernel: 3, stride: $stride, padding: 1, activation: relu}
      - {name: conv2, op: conv, filters: $filters, kernel: 3, padding: 1, bias: false}
      - {name: sum, op: add, inputs: [conv2, $input], activation: relu}
"""


def read(text, **options):
    data, origin = parse_marked(HEAD + textwrap.dedent(text), where="mine.yaml")
    return decode(data, where=origin, **options)


def refused(text):
    with pytest.raises(NetworkInvalid) as error:
        read(text)
    return [str(problem) for problem in error.value.problems]


def names(graph):
    return [layer.name for layer in graph.layers[1:]]


def test_every_mistake_is_told_at_once_with_its_line():
    problems = refused(
        """\
        loses: []
        layers:
          - {name: a, op: convv}
          - name: b
            op: conv
            filters: 8
            kernel: 0
          - {name: c, op: relu, inputs: d}
          - {op: relu}
          - {name: e, op: conv, filters: 2, kernel: 40, inputs: input}
          - {name: f, op: dense, units: $clases}
          - 7
        output: logits
        """
    )
    told = ("3, loses", "5, a.op", "9, b.kernel", "10, c", "11, layers.3", "12, e", "13, f.units", "14, layers.6")
    for place in told:
        assert sum(f"(mine.yaml:{place})." in problem for problem in problems) == 1, place
    assert any("mine.yaml:15, output" in problem for problem in problems)
    assert len(problems) == len(told) + 1


def test_a_mistake_brings_no_others_with_it():
    text = "layers:\n  - {name: a, op: convv}\n  - {name: b, op: relu}\n  - {name: c, op: dense}\n"
    assert len(refused(text)) == 1


def test_a_block_is_written_once_and_used_as_often_as_needed():
    graph = read(
        RESIDUAL
        + """\
layers:
  - {name: stem, op: conv, filters: 4, kernel: 1}
  - {name: res2, block: residual, filters: 4, repeat: 2}
  - {name: res3, block: residual, filters: 4, inputs: stem}
  - {name: all, op: add, inputs: [res2, res3, res2.1.conv1]}
  - {name: logits, op: dense}
"""
    )
    parts = ["conv1", "conv1.activation", "conv2", "sum", "sum.activation"]
    uses = ["res2.1", "res2.2", "res3"]
    assert names(graph) == ["stem", *(f"{use}.{part}" for use in uses for part in parts), "all", "logits"]
    taken = {layer.name: layer.inputs for layer in graph.layers}
    assert taken["res2.1.conv1"] == taken["res3.conv1"] == ("stem",)
    assert taken["res2.1.sum"] == ("res2.1.conv2", "stem")
    assert taken["res2.2.sum"] == ("res2.2.conv2", "res2.1.sum.activation")
    assert taken["all"] == ("res2.2.sum.activation", "res3.sum.activation", "res2.1.conv1.activation")


def test_blocks_use_blocks_and_choose_what_they_give():
    graph = read(
        """\
        blocks:
          unit:
            parameters: {filters: required, activation: tanh}
            layers:
              - {name: conv, op: conv, filters: $filters, kernel: 1, activation: $activation}
          pair:
            parameters: {width: required, depth: 2}
            output: left
            layers:
              - {name: left, block: unit, filters: $width, repeat: $depth}
              - {name: right, block: unit, filters: $classes, inputs: $input2, activation: sigmoid}
        layers:
          - {name: a, op: relu}
          - {name: b, op: relu}
          - {name: p, block: pair, width: 5, inputs: [a, b]}
          - {name: logits, op: dense}
        """
    )
    assert graph.layer("logits").inputs == ("p.left.2.conv.activation",)
    assert graph.layer("p.left.1.conv").inputs == ("a",)
    assert graph.layer("p.right.conv").inputs == ("b",)
    assert graph.layer("p.right.conv").op.filters == 3
    assert graph.layer("p.right.conv.activation").op.kind == "sigmoid"


def test_a_mistake_in_a_block_is_told_once_with_its_line_and_that_of_the_use():
    text = RESIDUAL.replace("bias: false", "bais: false") + (
        "layers:\n  - {name: res, block: residual, filters: 4, repeat: 3}\n  - {name: logits, op: dense}\n"
    )
    (problem,) = refused(text)
    assert problem.startswith("Unknown key 'bais' (mine.yaml:8, res.1.conv2.bais, used at line 11).")


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ("{name: res, block: residual}", "expects filters, found none"),
        ("{name: res, block: residual, filters: 4, filter: 4}", "has no parameter 'filter'"),
        ("{name: res, block: residul, filters: 4}", "Did you mean residual"),
        ("{name: res, block: residual, filters: 4, repeat: 0}", "repeat expects a number of at least 1"),
        ("{name: res, block: residual, filters: 4, inputs: [stem, input]}", "expects 1 input, found 2"),
        ("{name: stem, block: residual, filters: 4}", "'stem' is used twice"),
        ("{name: res, block: residual, filters: 5}", "res.sum expects inputs of equal shape"),
    ],
)
def test_a_wrong_use_of_a_block_is_refused_on_its_line(use, words):
    (problem,) = refused(f"{RESIDUAL}layers:\n  - {{name: stem, op: relu}}\n  - {use}\n  - {{name: fc, op: dense}}\n")
    assert words in problem
    assert ":12, " in problem or "used at line 12" in problem


def test_blocks_that_use_each_other_and_names_of_elsewhere_are_refused():
    problems = refused(
        """\
        blocks:
          a: {layers: [{name: x, block: b}]}
          b: {layers: [{name: y, block: a}]}
          c: {layers: [{name: z, op: relu, inputs: stem}], output: zz}
          d: {parameters: {name: 3}, layer: [], layers: [{name: z, op: relu}]}
        layers:
          - {name: stem, op: relu}
          - {name: one, block: a}
          - {name: two, block: c, repeat: 4}
          - {name: fc, op: dense}
        """
    )
    for words in ("a → b → a", "takes 'two.1.stem'", "gives 'zz'", "Unknown key 'layer'"):
        assert sum(words in problem for problem in problems) == 1, words


def test_repetitions_that_would_fill_memory_are_refused():
    blocks = ["b0: {layers: [{name: x, op: relu}]}"]
    blocks += [f"b{depth}: {{layers: [{{name: x, block: b{depth - 1}, repeat: 100}}]}}" for depth in range(1, 9)]
    problems = refused("blocks:\n  " + "\n  ".join(blocks) + "\nlayers:\n  - {name: a, block: b8}\n")
    assert any(f"more than {MOST_LAYERS} layers" in problem for problem in problems)


def test_who_takes_a_layer_takes_its_activation_and_weights_keep_their_names():
    graph = read(
        """\
        layers:
          - {name: conv1, op: conv, filters: 2, kernel: 3, activation: relu}
          - {name: side, op: dense, units: 4, inputs: conv1, activation: tanh}
          - {name: logits, op: dense, inputs: conv1}
        losses: [{logits: logits}, {logits: side, weight: 0.5}]
        output: logits
        """
    )
    assert names(graph) == ["conv1", "conv1.activation", "side", "side.activation", "logits"]
    assert graph.layer("logits").inputs == graph.layer("side").inputs == ("conv1.activation",)
    assert [loss.logits for loss in graph.losses] == ["logits", "side.activation"]
    assert "conv1/kernel" in graph.parameters


def test_an_unknown_activation_is_refused():
    assert "Did you mean relu" in refused("layers:\n  - {name: a, op: dense, activation: rellu}\n")[0]


def test_initializers_have_short_forms():
    graph = read(
        """\
        layers:
          - {name: a, op: dense, units: 2, kernel_initializer: he_normal, bias_initializer: 0.2}
          - {name: b, op: dense, units: 3, kernel_initializer: {name: gaussian, std: 0.5}, bias: false}
        """
    )
    a, b = graph.layer("a").op, graph.layer("b").op
    assert (a.kernel_initializer, a.bias_initializer) == (HeNormal(), Constant(value=0.2))
    assert (b.kernel_initializer, b.bias) == (Gaussian(std=0.5), False)
    assert "b/bias" not in graph.parameters


FAMILIES = discover().network_families


def family(name):
    return build_network(name, None, FAMILIES)


@pytest.mark.parametrize("name", FAMILIES.available())
def test_a_customized_family_is_the_same_network(name):
    graph = family(name)
    text = customize(graph)
    assert decode(parse_text(text, where=name)) == graph
    assert max(map(len, text.splitlines())) < 250
    # Another class count reaches every head, as it does in the family.
    shape = NetworkInput(graph.input.channels, graph.input.height, graph.input.width, classes=7)
    adapted, built = decode(parse_text(text, where=name), input=shape), build_network(name, shape, FAMILIES)
    assert [layer.output for layer in adapted.layers] == [layer.output for layer in built.layers]


@pytest.mark.parametrize("graph", [*map(graph_of, OP_CASES.values()), two_headed(), multiplied()])
def test_a_customized_graph_is_the_same_network(graph):
    assert decode(parse_text(customize(graph), where="text")) == graph


def test_an_activation_of_the_usual_name_becomes_a_field_again():
    graph = read("layers:\n  - {name: a, op: dense, units: 5, activation: tanh}\n  - {name: b, op: dense}\n")
    text = customize(graph)
    assert "- {name: a, op: dense, units: 5, activation: tanh}\n" in text
    assert "- {name: b, op: dense, units: $classes}\n" in text
    assert decode(parse_text(text, where="text")) == graph


SOUND = parse_text(
    HEAD
    + RESIDUAL
    + """\
layers:
  - {name: stem, op: conv, filters: 4, kernel: [3, 3], kernel_initializer: {name: gaussian, std: 0.1}}
  - {name: res, block: residual, filters: 4, repeat: 2, inputs: [stem]}
  - {name: logits, op: dense, units: $classes}
losses: [{logits: logits, weight: 0.5}]
output: logits
""",
    where="sound",
)
ODD = (None, [], {}, 0, -1, 2.5, True, "", "$x", "$input", "stem", [[1]], {1: 2}, {"a": {}}, [{"name": 3}], "native")


def _places(data, path=()):
    """Every place in plain data."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from _places(value, (*path, key))


def test_whatever_stands_in_a_file_is_a_network_or_refused_in_words():
    for path in _places(SOUND):
        for odd in ODD:
            data = copy.deepcopy(SOUND)
            inner = data
            for key in path[:-1]:
                inner = inner[key]
            if path:
                inner[path[-1]] = odd
            try:
                decode(data if path else odd)
            except NetworkInvalid as error:
                assert all(problem.message.endswith(".") for problem in error.problems)


def test_odd_keys_are_refused_in_words():
    for path in _places(SOUND):
        data = copy.deepcopy(SOUND)
        inner = data
        for key in path:
            inner = inner[key]
        if isinstance(inner, dict):
            inner[7] = "odd"
            with pytest.raises(NetworkInvalid):
                decode(data)
