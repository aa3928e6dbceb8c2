"""The schema for editors accepts what the codec accepts, and refuses what it refuses as far as it can see it."""

import copy
from pathlib import Path

import jsonschema
import pytest

from digits_core.errors import NetworkInvalid
from digits_core.graph.codec import decode, encode
from digits_core.graph.customize import customize
from digits_core.graph.schema import network_schema
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network
from digits_core.spec.files import dump_json, parse_text, read_data

ROOT = Path(__file__).parents[2]
FAMILIES = discover().network_families
NETWORK_FILES = [path for path in sorted((ROOT / "docs/snippets").glob("*.yaml")) if "layers:" in path.read_text()]
GOOD = """\
name: net
input: {channels: 3, height: 32, width: 32, scale: 0.01}
blocks:
  unit:
    parameters: {filters: required, kernel: 3, std: 0.1, activation: relu, frozen: false}
    layers:
      - {name: conv, op: conv, filters: $filters, kernel: [$kernel, 3], padding: [1, 2], activation: $activation,
         kernel_initializer: {name: gaussian, std: $std}, bias_initializer: 0.2, decay_on: kernels, frozen: $frozen}
layers:
  - {name: a, block: unit, filters: 8, repeat: 2}
  - {name: logits, op: dense, bias: false, kernel_initializer: he_normal, inputs: [a],
     rate_multiplier: 10, frozen: false}
losses: [{logits: logits, weight: 0.5}]
"""


@pytest.fixture(scope="module")
def validator():
    schema = network_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_committed_schema_is_the_one_of_the_code():
    assert (ROOT / "docs/reference/network.schema.json").read_text() == dump_json(network_schema())


@pytest.mark.parametrize("file", NETWORK_FILES, ids=lambda path: path.name)
def test_every_network_file_of_the_docs_is_accepted(validator, file):
    data = read_data(file)
    validator.validate(data)
    decode(data)


@pytest.mark.parametrize("name", FAMILIES.available())
def test_every_family_is_accepted_as_a_file_and_as_a_job_keeps_it(validator, name):
    graph = build_network(name, None, FAMILIES)
    validator.validate(parse_text(customize(graph), where=name))
    validator.validate(encode(graph))


def test_short_forms_and_parameters_are_accepted(validator):
    data = parse_text(GOOD, where="good")
    validator.validate(data)
    decode(data)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("layers", 1, "op"), "dens"),
        (("layers", 1, "unitz"), 3),
        (("layers", 1, "units"), 0),
        (("layers", 1, "bias"), 3),
        (("layers", 1, "frozen"), 3),
        (("layers", 1, "rate_multiplier"), -1),
        (("layers", 1, "decay_on"), "biases"),
        (("layers", 1, "kernel_initializer"), "he_norm"),
        (("layers", 1, "kernel_initializer"), {"name": "gaussian", "sdt": 1}),
        (("layers", 1, "activation"), "rellu"),
        (("layers", 1, "name"), "a b"),
        (("layers", 0, "repeat"), 0),
        (("blocks", "unit", "layers", 0, "kernel"), [3, 3, 3]),
        (("blocks", "unit", "layer"), []),
        (("losses", 0, "weight"), -1),
        (("input", "hight"), 3),
        (("version",), 2),
    ],
)
def test_a_mistake_is_refused_by_the_schema_and_by_the_codec(validator, place, value):
    data = copy.deepcopy(parse_text(GOOD, where="good"))
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert not validator.is_valid(data)
    with pytest.raises(NetworkInvalid):
        decode(data)
