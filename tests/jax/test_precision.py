"""What fp16 needs besides casts."""

import numpy as np
import pytest

from digits_core.contracts.backend import BuildContext
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, after_conv, batch_of, graph_of, weights_of

pytestmark = pytest.mark.backend("jax")


@pytest.fixture
def fp16(backend):
    """A program of what GPUs are given; a processor computes it too, but no faster, so it is not offered there."""

    def build(graph, solver, accumulate=1):
        from digits_jax.devices import native_device
        from digits_jax.program import JaxProgram

        context = BuildContext(backend.devices()[-1], seed=7)
        options = BackendOptions(precision="fp16", accumulate=accumulate)
        return JaxProgram(graph, solver, options, context, native_device(context.device))

    return build


@pytest.mark.parametrize("accumulate", [1, 2])
def test_small_gradients_survive_because_the_loss_is_scaled(build, fp16, accumulate):
    graph = graph_of(after_conv())
    arrays = weights_of(graph)
    arrays["logits/kernel"] = arrays["logits/kernel"] * np.float32(1e-5)
    solver, batch = Sgd(rate=0.1, decay=0), batch_of(graph, size=64)
    saved = []
    for program in (fp16(graph, solver, accumulate), build(graph, solver)):
        state, _ = program.train_step(program.load(arrays), program.place(batch), 1.0, 0)
        saved.append(program.save(state)["solver/velocity/first/kernel"])
    found, expected = saved
    assert 0 < np.abs(expected).max() < 1e-4
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).max())


def test_a_step_whose_gradients_overflow_is_left_out_and_the_next_scale_is_smaller(fp16):
    graph = graph_of(OP_CASES["batch-norm"])
    program = fp16(graph, Sgd(rate=0.1))
    state = program.load(weights_of(graph))
    before = program.save(state)
    state = state._replace(scale=state.scale._replace(factor=np.float32(2.0**40)))
    batch = program.place(batch_of(graph))
    state, _ = program.train_step(state, batch, 0.1, 0)
    after = program.save(state)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert float(state.scale.factor) == 2.0**39
    for step in range(40):
        state, _ = program.train_step(state, batch, 0.01, step)
    assert float(state.scale.factor) < 2.0**30
    assert not np.array_equal(program.save(state)["first/kernel"], before["first/kernel"])


def test_the_scale_grows_after_many_finite_steps():
    import jax.numpy as jnp

    from digits_jax.precision import GROWTH_STEPS, LossScale

    scale = LossScale(np.float32(4.0), np.int32(GROWTH_STEPS - 2))
    for expected in (4.0, 8.0, 8.0):
        gradients, finite, scale = scale.unscaled({"w": jnp.full(2, 8.0)})
        assert finite and float(scale.factor) == expected
    assert gradients["w"].tolist() == [1.0, 1.0]
    _, finite, scale = scale.unscaled({"w": jnp.asarray([1.0, np.inf])})
    assert not finite and float(scale.factor) == 4.0 and int(scale.good) == 0


def test_fp16_is_claimed_where_there_is_a_gpu_only(backend):
    kinds = {device.kind for device in backend.devices()}
    assert ("fp16" in backend.capabilities().precisions) == ("gpu" in kinds)
