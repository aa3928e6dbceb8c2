"""What a job takes over from a model, weight by weight."""

import numpy as np
import pytest

from digits_core.errors import ModelInvalid
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import MEAN, NetworkInput
from digits_core.graph.ops import Conv, Dense, Flatten, GlobalAveragePool, Relu
from digits_core.training.initialize import initial_arrays
from digits_core.training.transfer import Source, transfer

OLD = ("blue", "green", "red")


def graph(classes, *, filters=4, mean="pixel", side=8):
    """Two convolutions, an auxiliary head, and a head that is a convolution, as SqueezeNet's."""
    input = NetworkInput(channels=3, height=side, width=side, classes=classes, mean=mean)
    return (
        NetworkBuilder("two-heads", input.op())
        .add("conv1", Conv(filters=filters, kernel=3))
        .add("relu1", Relu())
        .add("aux", Dense(units=classes))
        .add("conv2", Conv(filters=classes, kernel=1), after="relu1")
        .add("pool", GlobalAveragePool())
        .add("logits", Flatten())
        .loss("logits")
        .loss("aux", weight=0.3)
        .graph()
    )


def learned(network, labels=OLD):
    """Weights that are nothing like initial ones."""
    generator = np.random.default_rng(7)
    arrays = {
        name: generator.normal(9, 1, parameter.shape).astype(np.float32)
        for name, parameter in network.parameters.items()
    }
    return Source("old@last", arrays, labels)


def test_classes_keep_their_rows_by_name_bit_by_bit_in_every_head():
    source, labels = learned(graph(3)), ("amber", "red", "blue", "green")
    network = graph(4)
    record, arrays = transfer(source, network, labels, seed=5)
    fresh = initial_arrays(network, 5)
    for name in ("aux/kernel", "aux/bias", "conv2/kernel", "conv2/bias"):
        for row, label in enumerate(labels):
            expected = source.arrays[name][OLD.index(label)] if label in OLD else fresh[name][row]
            np.testing.assert_array_equal(arrays[name][row], expected)
    assert {head.layer for head in record.heads} == {"aux", "conv2"}
    assert all(head.kept == ("red", "blue", "green") and head.new == ("amber",) for head in record.heads)
    assert record.loaded == ("conv1/kernel", "conv1/bias") and not record.initialised and not record.skipped


def test_equally_many_classes_of_other_names_or_another_order_are_not_taken_for_the_same():
    source = learned(graph(3))
    _, arrays = transfer(source, graph(3), ("red", "green", "blue"), seed=0)
    np.testing.assert_array_equal(arrays["aux/kernel"], source.arrays["aux/kernel"][::-1])
    record, arrays = transfer(source, graph(3), ("cat", "dog", "fox"), seed=0)
    np.testing.assert_array_equal(arrays["aux/kernel"], initial_arrays(graph(3), 0)["aux/kernel"])
    assert "no class of these names" in record.initialised["aux/kernel"]


def test_the_same_classes_take_every_weight_as_it_is():
    source = learned(graph(3))
    record, arrays = transfer(source, graph(3), OLD, seed=0)
    for name, array in source.arrays.items():
        np.testing.assert_array_equal(arrays[name], array)
    assert not (record.heads or record.initialised or record.skipped)


def test_dropped_classes_are_told():
    record, arrays = transfer(learned(graph(3)), graph(2), ("red", "violet"), seed=0)
    assert record.heads[0].kept == ("red",) and record.heads[0].dropped == ("blue", "green")
    assert arrays["aux/kernel"].shape[0] == 2


def test_a_head_whose_class_names_are_unknown_is_taken_whole_or_not_at_all():
    record, _ = transfer(learned(graph(3), ()), graph(3), OLD, seed=0)
    assert "aux/kernel" in record.loaded and any("unknown" in note for note in record.notes)
    record, _ = transfer(learned(graph(3), ()), graph(4), (*OLD, "amber"), seed=0)
    assert "expects shape [4" in record.initialised["aux/kernel"]


def test_other_shapes_start_anew_and_say_why():
    source = learned(graph(3, side=10))
    record, arrays = transfer(source, graph(3), OLD, seed=0)
    assert record.initialised == {"aux/kernel": "expects shape [3, 144], found [3, 256]"}
    assert record.skipped == {"aux/kernel": "its shape differs"}
    assert "aux/bias" in record.loaded
    np.testing.assert_array_equal(arrays["aux/kernel"], initial_arrays(graph(3), 0)["aux/kernel"])


def test_what_neither_side_knows_is_listed():
    source = learned(graph(3))
    source.arrays["conv9/kernel"] = np.ones(3, np.float32)
    source.arrays["solver/velocity/conv1/kernel"] = np.ones(3, np.float32)
    del source.arrays["conv1/bias"]
    record, _ = transfer(source, graph(3), OLD, seed=0)
    assert record.skipped == {"conv9/kernel": "the network has no weight of this name"}
    assert record.initialised == {"conv1/bias": "the model has no weight of this name"}


@pytest.mark.parametrize(
    ("before", "now", "side", "taken"),
    [
        ("pixel", "pixel", 8, True),
        ("image", "image", 8, True),
        ("image", "image", 10, True),
        ("pixel", "image", 8, False),
        ("image", "pixel", 8, False),
        ("pixel", "none", 8, False),
        ("none", "pixel", 8, False),
    ],
)
def test_the_mean_goes_with_the_weights_where_it_has_the_form(before, now, side, taken):
    source = learned(graph(3, mean=before, side=side))
    _, arrays = transfer(source, graph(3, mean=now), OLD, seed=0)
    assert (MEAN in arrays) == taken
    if taken:
        old = source.arrays[MEAN]
        expected = old if side == 8 else np.broadcast_to(old.mean((1, 2), keepdims=True), (3, 8, 8))
        np.testing.assert_allclose(arrays[MEAN], expected, rtol=1e-6)


def test_double_precision_stays():
    source = learned(graph(3))
    wide = Source("wide", {name: array + np.float64(1e-12) for name, array in source.arrays.items()}, OLD)
    _, arrays = transfer(wide, graph(4), (*OLD, "amber"), seed=0)
    assert arrays["conv1/kernel"].dtype == arrays["aux/kernel"].dtype == np.float64
    np.testing.assert_array_equal(arrays["aux/kernel"][:3], wide.arrays["aux/kernel"])


def test_nothing_that_fits_is_refused():
    source = Source("odd", {"dense/kernel": np.ones((2, 2), np.float32)}, OLD)
    with pytest.raises(ModelInvalid, match=r"Nothing of odd fits network two-heads: .*conv1/kernel.*dense/kernel"):
        transfer(source, graph(3), OLD, seed=0)


def test_weights_that_are_not_finite_are_refused():
    source = learned(graph(3))
    source.arrays["conv1/bias"][0] = np.inf
    with pytest.raises(ModelInvalid, match="conv1/bias is not finite"):
        transfer(source, graph(3), OLD, seed=0)
