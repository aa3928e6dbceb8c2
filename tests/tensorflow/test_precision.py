"""Number formats and parts of a batch: what is summed in fp32, what fp16 needs, what is traced."""

import numpy as np
import pytest

from digits_core.contracts.backend import Batch, BuildContext
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, weights_of
from digits_core.testing.runs import error_of

pytestmark = pytest.mark.backend("tensorflow")


@pytest.fixture
def backend():
    return discover().backends.get("tensorflow")()


def unclaimed(backend, graph, solver=None, **options):
    """A program on the processor, whether its precision is claimed there or not."""
    from digits_tensorflow.program import TensorFlowProgram

    context = BuildContext(backend.devices()[-1], seed=7)
    return TensorFlowProgram(graph, solver or Sgd(rate=0.1, decay=0), BackendOptions.model_validate(options), context)


def step_of(program, graph, size=6):
    """The state and the arrays after one step from the usual weights."""
    state = program.load(weights_of(graph))
    if state.trained.scale:  # these gradients are large
        state.trained.scale.factor.assign(4.0)
    state, _ = program.train_step(state, program.place(batch_of(graph, size)), 0.01, 0)
    return state, program.save(state)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("case", OP_CASES)
def test_every_op_computes_near_fp32_in_half_precision(backend, case, precision):
    graph, taps = graph_of(OP_CASES[case]), [layer.name for layer in graph_of(OP_CASES[case]).layers]
    half, full = (unclaimed(backend, graph, precision=name) for name in (precision, "fp32"))
    images = batch_of(graph).images
    found, expected = (program.predict(program.load(weights_of(graph)), images, taps) for program in (half, full))
    assert max(error_of(found[name], expected[name]) for name in expected) < 0.05
    assert any(error_of(found[name], expected[name]) > 0 for name in expected)
    found, expected = (step_of(program, graph)[1] for program in (half, full))
    slots = [name for name in expected if name.startswith("solver/")]
    # Dropped and chosen elements are the same; a rounded maximum may be another one.
    assert max(error_of(found[name], expected[name]) for name in slots) < (0.5 if "max" in case else 0.15)


def test_the_gradient_of_a_bias_in_half_precision_is_summed_in_fp32(backend):
    """It is a sum over 5000 rows that point the same way, of which bf16 could add up no more than some 256."""
    graph, batch = graph_of(OP_CASES["input"]), batch_of(graph_of(OP_CASES["input"]), 5000)
    alike = Batch(np.full_like(batch.images, 100), np.zeros_like(batch.labels), batch.weights)
    velocities = []
    for precision in ("bf16", "fp32"):
        program = unclaimed(backend, graph, precision=precision)
        state, _ = program.train_step(program.load(weights_of(graph)), program.place(alike), 0.01, 0)
        velocities.append(program.save(state)["solver/velocity/logits/bias"])
    assert error_of(*velocities) < 0.05


def test_an_update_out_of_the_range_of_fp16_is_left_out_and_the_factor_halved(backend):
    graph = multiplied()
    program = unclaimed(backend, graph, precision="fp16")
    state, before = program.load(weights_of(graph)), weights_of(graph)
    state.trained.scale.factor.assign(2.0**40)
    batch = program.place(batch_of(graph))
    state, _ = program.train_step(state, batch, 0.01, 0)
    assert float(state.trained.scale.factor) == 2.0**39
    assert np.array_equal(program.save(state)["logits/kernel"], before["logits/kernel"])
    assert not program.save(state)["solver/velocity/logits/kernel"].any()
    state.trained.scale.factor.assign(2.0**10)
    state, _ = program.train_step(state, batch, 0.01, 1)
    assert float(state.trained.scale.factor) == 2.0**10
    assert not np.array_equal(program.save(state)["logits/kernel"], before["logits/kernel"])


def test_the_factor_of_fp16_grows_after_many_good_steps(backend):
    import tensorflow as tf

    from digits_tensorflow.precision import FIRST, PATIENCE, LossScale

    scale = LossScale()
    for _ in range(PATIENCE):
        gradients, usable = scale.unscaled({"w": tf.constant([FIRST])})
        assert bool(usable)
        assert float(gradients["w"][0]) == 1
    assert float(scale.factor) == 2 * FIRST


def test_fp16_is_claimed_where_there_is_a_gpu_only(backend):
    claims = backend.capabilities()
    assert ("fp16" in claims.precisions) == ("gpu" in claims.device_kinds)


@pytest.mark.parametrize("tf32", [True, False])
def test_products_are_rounded_to_tf32_where_asked_only(backend, tf32):
    import tensorflow as tf

    unclaimed(backend, multiplied(), tf32=tf32)
    assert tf.config.experimental.tensor_float_32_execution_enabled() == tf32


@pytest.mark.parametrize("compile", ["off", "auto", "on"])
def test_parts_of_two_sizes_are_traced_twice_and_agree_with_the_whole(backend, compile):
    graph, solver = graph_of(OP_CASES["dropout"]), Adam(rate=0.01, clip=1.0)
    state, found = step_of(unclaimed(backend, graph, solver, accumulate=5, compile=compile), graph, size=7)
    _, expected = step_of(unclaimed(backend, graph, solver, compile="off"), graph, size=7)
    assert state.part.experimental_get_tracing_count() == 2
    assert state.train.experimental_get_tracing_count() == 0
    assert max(error_of(found[name], expected[name]) for name in expected) < 1e-3
