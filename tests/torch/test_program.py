"""What only torch can get wrong: memory order, in-place work, modes, generators and global settings."""

import warnings

import numpy as np
import pytest

from digits_core.contracts.backend import BuildContext, Device, slot_name
from digits_core.errors import CapabilityMissing, NetworkInvalid, SnapshotDamaged
from digits_core.graph import dropout as mask
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, Nesterov, Sgd
from digits_core.testing.blocks import after_conv
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, two_headed, weights_of

pytestmark = pytest.mark.backend("torch")


def train(program, graph, state, steps, first=0):
    for step in range(first, first + steps):
        state, scores = program.train_step(state, program.place(batch_of(graph, seed=step)), 0.05, step)
    return state, scores


def test_weights_and_activations_are_channels_last_and_nothing_that_leaves_is(build):
    import torch

    graph = graph_of(OP_CASES["conv-padding"])
    program = build(graph)
    state, _ = train(program, graph, program.load(weights_of(graph)), 2)
    for name in ("tested/kernel", slot_name("velocity", "tested/kernel")):
        assert state.tensors[name].is_contiguous(memory_format=torch.channels_last), name
    seen = []
    state.evaluating.layer("tested").register_forward_hook(lambda module, inputs, output: seen.append(output))
    activations = program.predict(state, batch_of(graph).images, ["tested", "first"])
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    leaving = {**program.save(state), **activations}
    assert [name for name, array in leaving.items() if not array.flags.c_contiguous] == []


def test_a_rectifier_overwrites_only_what_no_one_else_reads(build):
    layers = after_conv(
        {"name": "alone", "op": "relu"},
        {"name": "conv", "op": "conv", "filters": 4, "kernel": 3, "padding": 1},
        {"name": "shared", "op": "relu"},
        {"name": "sum", "op": "add", "inputs": ["conv", "shared"]},
        {"name": "tanh", "op": "tanh"},
        {"name": "after-tanh", "op": "relu"},
    )
    graph = graph_of(layers)
    program = build(graph)
    state = program.load(weights_of(graph))
    names = ("alone", "shared", "after-tanh")
    assert [state.training.layer(name).inplace for name in names] == [True, False, False]
    assert not any(state.evaluating.layer(name).inplace for name in names)


def test_the_input_of_a_rectifier_can_be_tapped(build):
    graph = graph_of(OP_CASES["relu"])
    program = build(graph)
    state, _ = train(program, graph, program.load(weights_of(graph)), 1)
    taps = program.predict(state, batch_of(graph).images, ["first", "tested"])
    assert (taps["first"] < 0).any()
    np.testing.assert_array_equal(taps["tested"], np.maximum(taps["first"], 0))


def test_taps_do_not_share_memory(build):
    graph = graph_of(OP_CASES["flatten"])
    program = build(graph)
    taps = program.predict(program.load(weights_of(graph)), batch_of(graph).images, ["first", "tested"])
    assert not np.shares_memory(taps["first"], taps["tested"])


def test_an_unknown_tap_is_refused_by_name(build):
    graph = graph_of(OP_CASES["relu"])
    program = build(graph)
    with pytest.raises(NetworkInvalid, match="frist"):
        program.predict(program.load(weights_of(graph)), batch_of(graph).images, ["frist"])


def test_evaluating_and_predicting_between_steps_changes_nothing(build):
    graph = multiplied()

    def run(disturb):
        program = build(graph, Adam(rate=0.1, decay=0.01))
        state = program.load(weights_of(graph))
        for step in range(4):
            state, _ = train(program, graph, state, 1, first=step)
            if disturb:
                before = program.save(state)
                program.evaluate_step(state, program.place(batch_of(graph, seed=9)))
                program.predict(state, batch_of(graph, seed=9).images, ["norm"])
                after = program.save(state)
                assert all(np.array_equal(before[name], after[name]) for name in before)
        return program.save(state)

    calm, disturbed = run(False), run(True)
    assert [name for name in calm if not np.array_equal(calm[name], disturbed[name])] == []


def test_two_runs_are_bit_equal_on_a_network_that_uses_every_thread(build):
    layers = [
        {"name": "conv", "op": "conv", "filters": 32, "kernel": 3, "padding": 1, "kernel_initializer": "he_normal"},
        {"name": "norm", "op": "batch_norm"},
        {"name": "relu", "op": "relu"},
        {"name": "pool", "op": "max_pool", "kernel": 2, "stride": 2},
        {"name": "logits", "op": "dense", "units": 10},
    ]
    graph = graph_of(layers, classes=10, height=32, width=32)

    def run():
        program = build(graph, Nesterov(rate=0.1))
        state = program.load(weights_of(graph))
        for step in range(3):
            batch = program.place(batch_of(graph, size=32, seed=step))
            state, _ = program.train_step(state, batch, 0.01, step)
        return program.save(state)

    one, two = run(), run()
    assert [name for name in one if not np.array_equal(one[name], two[name])] == []


def test_torchs_generator_and_settings_are_left_alone(build):
    import torch

    def settings():
        return (
            torch.random.get_rng_state().tolist(),
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
            torch.backends.cudnn.allow_tf32,
            torch.backends.cudnn.benchmark,
            torch.get_float32_matmul_precision(),
        )

    graph = multiplied()
    before = settings()
    program = build(graph, precision="fp64")
    state, _ = train(program, graph, program.load(weights_of(graph)), 2)
    program.evaluate_step(state, program.place(batch_of(graph)))
    program.predict(state, batch_of(graph).images)
    assert settings() == before


def test_two_states_of_one_program_are_apart(build):
    graph = multiplied()
    program = build(graph)
    one, two = program.load(weights_of(graph)), program.load(weights_of(graph))
    before = program.save(two)
    train(program, graph, one, 2)
    after = program.save(two)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_scores_are_scalars_that_hold_no_graph_of_gradients(build):
    graph = two_headed()
    program = build(graph)
    _, scores = train(program, graph, program.load(weights_of(graph)), 1)
    assert all(score.dim() == 0 and not score.requires_grad for score in scores.values())


def test_arrays_that_cannot_be_written_are_taken_without_a_warning(build):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    batch, arrays = batch_of(graph), weights_of(graph)
    for array in (batch.images, batch.labels, batch.weights, *arrays.values()):
        array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        state = program.load(arrays)
        expected = float(program.evaluate_step(state, program.place(batch_of(graph)))["loss"])
        assert float(program.evaluate_step(state, program.place(batch))["loss"]) == expected
        reversed_images = batch.images[::-1]
        assert program.predict(state, reversed_images)["logits"].shape == (6, 4)


def test_weights_that_no_loss_depends_on_still_decay(build):
    layers = after_conv()
    layers.append({"name": "unread", "op": "dense", "units": 4, "inputs": "first"})
    graph = graph_of(layers, losses=[{"logits": "logits"}])
    program = build(graph, Sgd(rate=0.1, momentum=0.5, decay=0.1))
    arrays = weights_of(graph)
    state, _ = train(program, graph, program.load(arrays), 1)
    np.testing.assert_allclose(
        program.save(state)["unread/kernel"], arrays["unread/kernel"] * (1 - 0.05 * 0.1), rtol=1e-6
    )


def test_one_value_per_channel_has_no_variance(build):
    graph = graph_of(OP_CASES["batch-norm-of-features"])
    program, arrays = build(graph, Sgd(rate=0.1, momentum=0.0, decay=0.0)), weights_of(graph)
    batch = program.place(batch_of(graph, size=1))
    state, scores = program.train_step(program.load(arrays), batch, 0.1, 0)
    saved = program.save(state)
    np.testing.assert_allclose(saved["tested/variance"], 0.7 * arrays["tested/variance"], rtol=1e-6)
    assert np.isfinite(float(scores["loss"]))
    assert not saved[slot_name("velocity", "first/kernel")].any()
    assert saved[slot_name("velocity", "tested/offset")].any()


@pytest.mark.parametrize(("seed", "step"), [(0, 0), (1, 2**31 - 1), (2**63 - 1, 77)])
def test_a_dropout_mask_is_the_defined_one(seed, step):
    import torch

    from digits_torch.layers import Draw, KeyedDropout

    def mix(x):
        x ^= x >> 16
        x = x * mask.MULTIPLIER_1 % 2**32
        x ^= x >> 15
        x = x * mask.MULTIPLIER_2 % 2**32
        return x ^ x >> 16

    key, threshold = mask.mask_key(seed, "drop"), mask.threshold(0.4)
    layer = KeyedDropout((3, 5, 7), 0.4, key, threshold)
    found = layer.kept(4, Draw(torch.tensor(step, dtype=torch.int32)))
    rows = [mix((mix(key ^ mix(step)) + row) % 2**32) for row in range(4)]
    expected = [[mix(row ^ mix(element)) >> 8 >= threshold for element in range(3 * 5 * 7)] for row in rows]
    np.testing.assert_array_equal(found.flatten(1).numpy(), expected)


def test_slots_of_another_shape_are_refused_with_missing_weights(build):
    graph = graph_of(OP_CASES["conv"])
    arrays = {**weights_of(graph), slot_name("velocity", "first/bias"): np.zeros(3, np.float32)}
    del arrays["tested/bias"]
    with pytest.raises(SnapshotDamaged) as refused:
        build(graph).load(arrays)
    assert len(refused.value.problems) == 2
    assert "solver/velocity/first/bias" in str(refused.value)


def test_a_device_that_is_not_here_is_refused_by_name():
    from digits_torch.backend import TorchBackend

    graph = graph_of(OP_CASES["conv"])
    with pytest.raises(CapabilityMissing) as refused:
        TorchBackend().build(graph, Sgd(), BackendOptions(), BuildContext(Device("gpu:98", "gpu", "absent")))
    for word in ("torch", "gpu:98"):
        assert word in str(refused.value)
