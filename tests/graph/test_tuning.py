"""How layers are trained is part of the graph, whether a network file or a job says it."""

import pytest

from digits_core.errors import NetworkInvalid, SpecInvalid
from digits_core.graph.adjustment import adjust, release
from digits_core.graph.codec import decode, encode
from digits_core.graph.customize import customize
from digits_core.graph.graph import NetworkInput
from digits_core.graph.native import Native, NativeWeight, native_graph
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network
from digits_core.spec.files import parse_text
from digits_core.testing.blocks import after_conv
from digits_core.testing.graphs import graph_of, multiplied, two_headed


def decaying(graph):
    """Local names of weights that decay."""
    return {name.rpartition("/")[2] for name, parameter in graph.parameters.items() if parameter.decay_multiplier}


def trained(graph):
    return [name for name, parameter in graph.parameters.items() if parameter.trainable]


def test_a_network_file_sets_multipliers_for_any_operation_with_weights():
    norm = {"name": "norm", "op": "batch_norm", "rate_multiplier": 0.5, "decay_multiplier": 0, "decay_on": "kernels"}
    conv = {"name": "more", "op": "conv", "filters": 2, "kernel": 1, "kernel_rate": 3, "rate_multiplier": 2}
    parameters = graph_of(after_conv(norm, conv)).parameters
    assert (parameters["norm/scale"].rate_multiplier, parameters["norm/scale"].decay_multiplier) == (0.5, 0)
    assert (parameters["more/kernel"].rate_multiplier, parameters["more/bias"].rate_multiplier) == (6, 2)


def test_a_layer_that_is_frozen_in_a_network_file_has_nothing_to_train():
    graph = graph_of(after_conv({"name": "norm", "op": "batch_norm", "frozen": True}))
    assert trained(graph) == ["first/kernel", "first/bias", "logits/kernel", "logits/bias"]


def test_wrong_words_about_training_are_named_with_those_about_the_operation():
    layer = {"name": "more", "op": "conv", "filters": 0, "kernel": 1, "decay_on": "biases", "rate_multiplier": -1}
    with pytest.raises(NetworkInvalid) as refused:
        graph_of(after_conv(layer))
    places = [problem.where for problem in refused.value.problems]
    assert sorted(places) == ["more.decay_on", "more.filters", "more.rate_multiplier"]


def test_a_job_freezes_layers_by_pattern_and_takes_decay_from_all_but_kernels():
    graph = adjust(multiplied(), ["f*", "norm"], "kernels")
    assert trained(graph) == ["logits/kernel", "logits/bias"]
    assert [graph.parameters[name].decay_multiplier for name in trained(graph)] == [1, 0]
    assert graph.parameter_count == multiplied().parameter_count > graph.trained_count == 4 * 6 * 3 * 3 + 4
    # What a layer says itself stays.
    assert graph.parameters["first/kernel"].decay_multiplier == 3


def test_what_a_job_says_survives_the_file_of_the_graph_and_a_customized_one_and_can_be_taken_back():
    graph = adjust(multiplied(), ["norm"], "kernels")
    for again in (decode(encode(graph)), decode(parse_text(customize(graph), where="text"))):
        assert again == graph and again.parameters == graph.parameters
    assert not any({"frozen", "decay_on"} & layer.keys() for layer in encode(multiplied())["layers"])
    assert release(graph) == multiplied()


def test_scales_offsets_tokens_and_embeddings_are_no_kernels():
    """What transformers and convnexts learn besides kernels has no decay by the rule; nor have biases."""
    for name in ("vit-tiny", "convnext-tiny:depths=[1,1,1,1]"):
        graph = build_network(name, None, discover().network_families)
        trained_besides = {"token", "embedding"} if name == "vit-tiny" else set()
        assert decaying(graph) >= {"kernel", "bias", "scale", "offset"} | trained_besides
        assert decaying(adjust(graph, decay_on="kernels")) - {"mean"} == {"kernel"}


def test_what_has_several_axes_in_a_native_network_is_a_kernel():
    weights = (NativeWeight(name="0.weight", shape=(2, 192)), NativeWeight(name="0.bias", shape=(2,)))
    op = Native(backend="torch", file="f.py", source="", digest="", classes=2, weights=weights)
    graph = adjust(native_graph("f", NetworkInput(3, 8, 8, 2), op), decay_on="kernels")
    assert [graph.parameters[f"native/0.{name}"].decay_multiplier for name in ("weight", "bias")] == [1, 0]


def test_a_pattern_without_a_layer_is_refused_with_close_matches():
    with pytest.raises(SpecInvalid) as refused:
        adjust(multiplied(), ["frist", "tanh", "norm"])
    frist, tanh = refused.value.problems
    assert "frist" in str(frist) and "Did you mean first" in frist.hint and "pool" not in frist.hint
    assert "'tanh'" in str(tanh) and tanh.where == "freeze"


def test_freezing_everything_is_refused():
    with pytest.raises(SpecInvalid, match="all of them frozen"):
        adjust(multiplied(), ["*"])
    # What is left must have a loss.
    with pytest.raises(SpecInvalid, match="all of them frozen"):
        adjust(two_headed(losses=[{"logits": "side"}]), ["first", "side"])


def test_gradients_are_needed_from_the_first_trained_layer_on():
    graph = adjust(multiplied(), ["first", "frozen"])
    assert [layer.name for layer in graph.trained_through()] == ["norm", "drop", "logits"]
