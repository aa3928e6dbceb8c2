"""Half precision, loss scaling and settings that only a GPU reads."""

import numpy as np
import pytest

from digits_core.contracts.backend import BuildContext, Device
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.blocks import after_conv
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of

pytestmark = pytest.mark.backend("torch")


def fp16_program(graph, solver):
    """What GPUs are given; a processor computes it too, but no faster, which is why it is not offered there."""
    import torch

    from digits_torch.program import TorchProgram

    context = BuildContext(Device("cpu:0", "cpu", "processor"), seed=7)
    return TorchProgram(graph, solver, BackendOptions(precision="fp16"), context, torch.device("cpu"))


def test_products_are_half_and_normalised_statistics_logits_and_losses_are_not(build):
    import torch

    graph = graph_of(OP_CASES["batch-norm"])
    program, full = build(graph, precision="bf16"), build(graph)
    state, exact = program.load(weights_of(graph)), full.load(weights_of(graph))
    seen = {}
    for name in ("first", "tested", "logits"):
        state.training.layer(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.__setitem__(name, output.dtype)
        )
    batch = batch_of(graph)
    state, scores = program.train_step(state, program.place(batch), 0.1, 0)
    exact, expected = full.train_step(exact, full.place(batch), 0.1, 0)
    assert set(seen.values()) == {torch.bfloat16}
    assert scores["loss"].dtype == scores["correct"].dtype == torch.float32
    assert float(scores["loss"]) == pytest.approx(float(expected["loss"]), rel=0.02)
    # Kept in bf16, the variance would have 8 bits.
    variance = program.save(state)["tested/variance"]
    assert not np.array_equal(variance, torch.from_numpy(variance).bfloat16().float().numpy())


def test_hits_of_a_large_batch_are_counted_exactly_in_half_precision(build):
    graph = graph_of(OP_CASES["conv"])
    arrays = {name: np.zeros_like(array) for name, array in weights_of(graph).items()}
    program = build(graph, precision="bf16")
    scores = program.evaluate_step(program.load(arrays), program.place(batch_of(graph, size=1001)))
    assert float(scores["top5"]) == float(scores["samples"]) == 1001


@pytest.mark.parametrize("case", ["lrn-wide", "average-pool-pixels-only", "concat", "dropout", "softmax"])
def test_every_kind_of_layer_trains_and_predicts_in_half_precision(build, case):
    graph = graph_of(OP_CASES[case])
    program, full = build(graph, precision="bf16"), build(graph)
    state, exact = program.load(weights_of(graph)), full.load(weights_of(graph))
    images = batch_of(graph).images
    found, expected = program.predict(state, images, ["tested"]), full.predict(exact, images, ["tested"])
    for name, array in found.items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, expected[name], atol=0.03 * np.abs(expected[name]).max())
    _, scores = program.train_step(state, program.place(batch_of(graph)), 0.01, 0)
    assert np.isfinite(float(scores["loss"]))


def test_small_gradients_survive_in_fp16_because_the_loss_is_scaled(build):
    graph = graph_of(after_conv())
    arrays = weights_of(graph)
    arrays["logits/kernel"] = arrays["logits/kernel"] * np.float32(1e-5)
    solver, batch = Sgd(rate=0.1, decay=0), batch_of(graph, size=64)
    program, full = fp16_program(graph, solver), build(graph, solver)
    saved = []
    for chosen in (program, full):
        state, _ = chosen.train_step(chosen.load(arrays), chosen.place(batch), 1.0, 0)
        saved.append(chosen.save(state)["solver/velocity/first/kernel"])
    found, expected = saved
    assert 0 < np.abs(expected).max() < 1e-4
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).max())


def test_a_step_whose_gradients_overflow_is_left_out_and_the_next_scale_is_smaller():
    graph = graph_of(OP_CASES["conv"])
    program = fp16_program(graph, Sgd(rate=0.1))
    program._loss_scale.factor = 2.0**40
    state = program.load(weights_of(graph))
    before = program.save(state)
    state, _ = program.train_step(state, program.place(batch_of(graph)), 0.1, 0)
    after = program.save(state)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert program._loss_scale.factor == 2.0**39
    for step in range(40):
        state, _ = program.train_step(state, program.place(batch_of(graph)), 0.01, step)
    assert program._loss_scale.factor < 2.0**30
    assert not np.array_equal(program.save(state)["first/kernel"], before["first/kernel"])


def test_the_scale_grows_after_many_finite_steps(monkeypatch):
    import torch

    from digits_torch.precision import LossScale

    monkeypatch.setattr(LossScale, "GROWTH_STEPS", 3)
    scale, gradients = LossScale(4.0), [torch.full((2,), 8.0)]
    finite = []
    for _ in range(3):
        gradients[0].fill_(8.0)
        finite.append(scale.unscale([gradients]))
    assert (finite, scale.factor, gradients[0].tolist()) == ([True] * 3, 8.0, [2.0, 2.0])
    assert not scale.unscale([[torch.tensor([1.0, float("inf")])]])
    assert scale.factor == 4.0


@pytest.mark.parametrize("tf32", [False, True])
def test_tf32_is_set_for_the_time_of_a_step_only(tf32):
    import torch

    from digits_torch.devices import arithmetic

    def settings():
        return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32

    before = settings()
    with arithmetic(torch.device("cuda", 0), tf32):
        assert settings() == (tf32, tf32)
    assert settings() == before
