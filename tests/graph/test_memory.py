import pytest

from digits_core.graph.codec import decode
from digits_core.graph.graph import NetworkInput
from digits_core.graph.memory import activation_bytes, estimate_memory

LAYERS = [
    {"name": "conv", "op": "conv", "filters": 4, "kernel": 3},
    {"name": "norm", "op": "batch_norm"},
    {"name": "flat", "op": "flatten"},
    {"name": "logits", "op": "dense", "units": "$classes"},
]
TRAINED = (4 * 1 * 3 * 3 + 4) + (4 + 4) + (3 * 4 * 6 * 6 + 3)
RUNNING = 4 + 4 + 8 * 8
#: The picture, what conv and norm give, and the logits; flatten gives nothing new.
KEPT = 8 * 8 + 2 * 4 * 6 * 6 + 3


@pytest.fixture
def graph():
    return decode({"name": "tiny", "layers": LAYERS}, input=NetworkInput(1, 8, 8, 3, "image"))


def test_weights_that_are_not_trained_have_neither_gradient_nor_slots(graph):
    found = estimate_memory(graph, slots=2, batch=5)
    assert (found.weights, found.gradients, found.slots) == (4 * (TRAINED + RUNNING), 4 * TRAINED, 8 * TRAINED)


def test_activations_are_those_of_every_picture_that_is_worked_on_at_once(graph):
    assert estimate_memory(graph, 1, 5).activations == 5 * KEPT * 4
    assert estimate_memory(graph, 1, 10).activations == 10 * KEPT * 4


def test_the_total_is_the_sum_of_its_parts(graph):
    found = estimate_memory(graph, 1, 5)
    assert found.total == found.weights + found.slots + found.gradients + found.activations


def test_parts_of_a_batch_share_the_memory_of_the_largest(graph):
    assert estimate_memory(graph, 1, 10, accumulate=3).activations == 4 * KEPT * 4
    assert estimate_memory(graph, 1, 2, accumulate=8).activations == 1 * KEPT * 4


@pytest.mark.parametrize(("precision", "weight", "activation"), [("fp64", 8, 8), ("bf16", 4, 2), ("fp16", 4, 2)])
def test_half_precision_halves_activations_only_and_double_doubles_everything(graph, precision, weight, activation):
    found = estimate_memory(graph, 1, 5, activation_bytes(precision))
    assert (found.slots, found.activations) == (weight * TRAINED, activation * 5 * KEPT)
