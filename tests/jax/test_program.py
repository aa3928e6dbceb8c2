"""What is particular to programs of the JAX backend: compilation, memory, reproducibility."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest

from digits_core.contracts.backend import Batch, BuildContext
from digits_core.errors import CapabilityMissing, DigitsError
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, weights_of
from digits_core.testing.runs import error_of

pytestmark = pytest.mark.backend("jax")

DIGEST_OF_A_SHORT_RUN = """
import hashlib
from digits_core.contracts.backend import BuildContext
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam
from digits_core.testing.graphs import batch_of, multiplied, weights_of
from digits_jax.backend import JaxBackend

backend = JaxBackend()
graph = multiplied()
program = backend.build(graph, Adam(), BackendOptions(), BuildContext(backend.devices()[0], seed=3))
state = program.load(weights_of(graph))
for step in range(5):
    state, scores = program.train_step(state, program.place(batch_of(graph, 32, step)), 0.01, step)
digest = hashlib.sha256()
for name, array in sorted(program.save(state).items()):
    digest.update(name.encode() + array.tobytes())
print(digest.hexdigest())
"""


@pytest.fixture
def compilations(caplog):
    """Names of functions that JAX compiled since the test began."""
    import jax

    def names():
        return [r.args[0] for r in caplog.records if r.msg.startswith("Compiling")]

    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        yield names


def test_steps_and_rates_of_any_kind_share_one_compiled_function(build, compilations):
    graph = multiplied()
    program = build(graph, Adam())
    state = program.load(weights_of(graph))
    for step, rate in enumerate((0.1, np.float64(0.05), np.float32(0.02), 1, 0.0)):
        state, _ = program.train_step(state, program.place(batch_of(graph, seed=step)), rate, step)
    state, _ = program.train_step(program.load(program.save(state)), program.place(batch_of(graph)), 0.1, np.int64(9))
    assert sum("train" in name for name in compilations()) == 1


def test_predictions_of_many_sizes_share_few_compiled_functions(build, compilations):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    state = program.load(weights_of(graph))
    for count in (5, 6, 7, 8):
        program.predict(state, batch_of(graph, count).images)
    assert sum("activate" in name for name in compilations()) == 1


def test_many_pictures_are_predicted_in_parts_that_fit_together(build):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    state = program.load(weights_of(graph))
    images = batch_of(graph, 2 * program.CHUNK + 3).images
    whole = program.predict(state, images, ["tested"])
    assert whole["logits"].shape == (len(images), 4)
    last = program.predict(state, images[-3:], ["tested"])
    np.testing.assert_allclose(whole["tested"][-3:], last["tested"], rtol=1e-5, atol=1e-6)
    assert program.predict(state, images[:0])["logits"].shape == (0, 4)


def test_a_state_that_a_step_consumed_is_refused_and_not_silently_wrong(build):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    old, batch = program.load(weights_of(graph)), program.place(batch_of(graph))
    program.train_step(old, batch, 0.1, 0)
    with pytest.raises(RuntimeError, match=r"deleted|donated"):
        program.save(old)


def test_a_batch_can_be_used_again_after_a_step(build):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    batch = program.place(batch_of(graph))
    losses = [float(program.train_step(program.load(weights_of(graph)), batch, 0.1, 0)[1]["loss"]) for _ in range(3)]
    assert len(set(losses)) == 1


def test_a_placed_batch_does_not_follow_the_buffer_it_came_from(build):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    state, batch = program.load(weights_of(graph)), batch_of(graph, 64)
    # Aligned memory is what JAX would use as it is.
    buffer = np.zeros(batch.images.nbytes + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    images = buffer[start : start + batch.images.nbytes].reshape(batch.images.shape)
    images[:] = batch.images
    placed = program.place(Batch(images, batch.labels, batch.weights))
    images[:] = 0
    expected = program.evaluate_step(state, program.place(batch))
    assert float(program.evaluate_step(state, placed)["loss"]) == float(expected["loss"])


def test_saved_arrays_are_plain_writable_and_contiguous(build):
    graph = multiplied()
    program = build(graph, Adam())
    for array in program.save(program.load(weights_of(graph))).values():
        assert type(array) is np.ndarray
        assert array.flags.owndata and array.flags.writeable and array.flags.c_contiguous


def test_two_processes_give_the_same_bits():
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGEST_OF_A_SHORT_RUN], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert digests[0] == digests[1] != ""


def test_float64_leaves_the_settings_of_others_alone(build):
    import jax.numpy as jnp

    graph = multiplied()
    program = build(graph, precision="fp64")
    state = program.load(weights_of(graph))
    state, scores = program.train_step(state, program.place(batch_of(graph)), 0.1, 0)
    assert {array.dtype for array in program.save(state).values()} == {np.dtype(np.float64)}
    assert np.asarray(scores["loss"]).dtype == np.float64
    assert jnp.ones(1).dtype == jnp.float32


def test_steps_that_are_not_compiled_agree_with_those_that_are(build, compilations):
    graph = graph_of([{"name": "drop", "op": "dropout"}, {"name": "logits", "op": "dense", "units": 4}])
    found = []
    for compile in ("off", "on"):
        program = build(graph, compile=compile)
        state = program.load(weights_of(graph))
        state, scores = program.train_step(state, program.place(batch_of(graph)), 0.1, 4)
        found.append(float(scores["loss"]))
        program.evaluate_step(state, program.place(batch_of(graph)))
        assert any("train" in name for name in compilations()) == (compile == "on")
    assert found[0] == pytest.approx(found[1], rel=1e-5)


@pytest.mark.parametrize("case", ["conv-stride", "conv-asymmetric-padding", "conv-dilation", "conv-1x1"])
def test_small_convolutions_agree_with_jax_own(case):
    import jax
    import jax.numpy as jnp

    from digits_core.contracts.channels_last import layouts
    from digits_jax.ops import OPS
    from digits_jax.ops.op import Mode

    graph = graph_of(OP_CASES[case])
    layer = graph.layer("tested")
    native = {name: layout.to_native(weights_of(graph)[name]) for name, layout in layouts(graph).items()}
    weights = {name: native[f"tested/{name}"] for name in ("kernel", "bias")}
    channels, height, width = layer.input_shapes[0]
    x = jax.random.normal(jax.random.key(0), (3, height, width, channels))

    def gradients(unroll):
        return jax.grad(lambda x, w: jnp.sin(OPS["conv"](layer)([x], w, Mode(unroll=unroll))).sum(), (0, 1))(x, weights)

    for ours, theirs in zip(jax.tree.leaves(gradients(True)), jax.tree.leaves(gradients(False)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", ["max-pool", "max-pool-overlapping", "max-pool-padding"])
def test_among_equal_elements_the_first_of_a_window_gets_the_gradient(build, case):
    graph = graph_of(OP_CASES[case])
    arrays = weights_of(graph)
    # Without a kernel every element before the pool is equal, and the kernel's gradient says which one was chosen.
    arrays["first/kernel"] = np.zeros_like(arrays["first/kernel"])
    reference = discover().backends.get("numpy")()
    found = []
    for program in (
        build(graph, Sgd(decay=0)),
        reference.build(graph, Sgd(decay=0), BackendOptions(), BuildContext(reference.devices()[0], seed=7)),
    ):
        state, _ = program.train_step(program.load(arrays), program.place(batch_of(graph)), 0.0, 0)
        found.append(program.save(state)["solver/velocity/first/kernel"])
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)


def test_everything_that_is_missing_is_named_at_once(build):
    class Strange(Sgd):
        name: str = "strange"

    options = BackendOptions.model_construct(precision="fp8", compile="auto")
    backend = discover().backends.get("jax")()
    with pytest.raises(CapabilityMissing) as refused:
        backend.build(multiplied(), Strange(), options, BuildContext(backend.devices()[0]))
    assert len(refused.value.problems) == 2
    assert "strange" in str(refused.value) and "fp8" in str(refused.value) and "jax" in str(refused.value)


def test_an_unknown_tap_is_refused_with_close_matches(build):
    graph = graph_of(OP_CASES["conv"])
    program = build(graph)
    with pytest.raises(DigitsError, match="Did you mean tested"):
        program.predict(program.load(weights_of(graph)), batch_of(graph).images, ["testd"])


def test_half_precision_predicts_nearly_the_same_and_keeps_what_it_loaded(build):
    graph = multiplied()
    images, found = batch_of(graph, 16).images, {}
    for precision in ("fp32", "bf16"):
        program = build(graph, precision=precision)
        state = program.load(weights_of(graph))
        found[precision] = program.predict(state, images, ["norm"])
        assert {array.dtype for array in found[precision].values()} == {np.dtype(np.float32)}
        np.testing.assert_array_equal(program.save(state)["first/kernel"], weights_of(graph)["first/kernel"])
    for layer, exact in found["fp32"].items():
        assert 0 < error_of(found["bf16"][layer], exact) < 0.05


def test_parts_are_compiled_as_one_function_however_many_there_are(build, compilations):
    graph = multiplied()
    program = build(graph, accumulate=5)
    state = program.load(weights_of(graph))
    for step in range(3):
        state, scores = program.train_step(state, program.place(batch_of(graph, 12, step)), 0.1, step)
        assert float(scores["samples"]) == 12
    assert sum("train" in name for name in compilations()) == 1
