"""What is TensorFlow's own: native access, tracing, layouts, ties, determinism, refusals."""

import subprocess
import sys

import numpy as np
import pytest

from digits_core.contracts.backend import Batch, BuildContext, Device
from digits_core.errors import CapabilityMissing, DigitsError
from digits_core.graph.builder import NetworkBuilder
from digits_core.graph.graph import NetworkInput
from digits_core.graph.ops import BatchNorm, Conv, Dense, Dropout, MaxPool, Relu
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, Sgd

pytestmark = pytest.mark.backend("tensorflow")

INPUT = NetworkInput(channels=3, height=9, width=8, classes=4, mean="image")


@pytest.fixture
def backend():
    return discover().backends.get("tensorflow")()


@pytest.fixture
def graph():
    return (
        NetworkBuilder("tiny", INPUT.op(1 / 80))
        .add("conv1", Conv(filters=5, kernel=3, padding=1))
        .add("norm1", BatchNorm())
        .add("relu1", Relu())
        .add("pool1", MaxPool(kernel=2, stride=2, ceil_mode=True))
        .add("drop1", Dropout(rate=0.3))
        .add("logits", Dense(units=4))
        .graph()
    )


def arrays_of(graph, seed=0):
    draw = np.random.default_rng(seed)
    return {
        name: draw.uniform(0.1, 1, parameter.shape).astype(np.float32) for name, parameter in graph.parameters.items()
    }


def batch_of(seed=0, size=6):
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 256, (size, 9, 8, 3), dtype=np.uint8)
    return Batch(images, draw.integers(0, 4, size).astype(np.int32), np.ones(size, np.float32))


def program_of(backend, graph, solver=None, **options):
    context = BuildContext(backend.devices()[0], seed=7)
    return backend.build(graph, solver or Sgd(rate=0.1), BackendOptions.model_validate(options), context)


def train(program, state, steps, first=0):
    for step in range(first, first + steps):
        state, scores = program.train_step(state, program.place(batch_of(step)), 0.05 / (step + 1), step)
    return state, float(scores["loss"])


def test_the_package_imports_no_tensorflow():
    code = "import sys, digits_tensorflow, digits_tensorflow.plugin; print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_importing_tensorflow_prints_nothing_and_keeps_no_log_level(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    code = "import os, digits_tensorflow.backend; assert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_importing_tensorflow_after_jax_prints_no_notices():
    # JAX chooses a log level of its own while it is imported.
    code = "import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '1'; import digits_tensorflow.backend"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "oneDNN" not in done.stderr
    assert "before absl" not in done.stderr


def test_a_module_gives_the_logits_that_the_program_predicts(backend, graph):
    import digits_tensorflow

    program, images = program_of(backend, graph), batch_of().images
    state, _ = train(program, program.load(arrays_of(graph)), 2)
    module = digits_tensorflow.module(graph, program.save(state))
    assert np.allclose(module(images), program.predict(state, images)["logits"], rtol=1e-5)


def test_a_module_can_be_trained_on_by_hand_and_saved(graph, tmp_path):
    import tensorflow as tf

    import digits_tensorflow

    module, images = digits_tensorflow.module(graph, arrays_of(graph)), batch_of().images
    names = {variable.name.removesuffix(":0") for variable in module.trainable_variables}
    assert names == {name for name, parameter in graph.parameters.items() if parameter.trainable}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(images) ** 2)
    assert all(gradient is not None for gradient in tape.gradient(loss, module.trainable_variables))
    signature = tf.TensorSpec([None, 9, 8, 3], tf.uint8)
    call = tf.function(module.__call__).get_concrete_function(signature)
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=call)
    loaded = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    assert np.allclose(next(iter(loaded(tf.constant(images)).values())), module(images), rtol=1e-5)


def test_a_module_refuses_arrays_of_another_network(graph):
    import digits_tensorflow

    arrays = arrays_of(graph)
    del arrays["conv1/bias"]
    with pytest.raises(DigitsError, match="conv1/bias"):
        digits_tensorflow.module(graph, arrays)


def test_steps_are_traced_once_whatever_the_rate_and_the_step(backend, graph):
    program = program_of(backend, graph, Adam(rate=0.01))
    state, _ = train(program, program.load(arrays_of(graph)), 5)
    for seed in range(3):
        program.evaluate_step(state, program.place(batch_of(seed)))
        program.predict(state, batch_of(size=seed + 1).images, ["conv1"])
    traced = (state.train, state.evaluate, state.predict[("logits", "conv1")])
    assert [function.experimental_get_tracing_count() for function in traced] == [1, 1, 1]


def test_a_placed_batch_does_not_follow_the_callers_arrays(backend, graph):
    program, batch = program_of(backend, graph), batch_of()
    state, placed = program.load(arrays_of(graph)), program.place(batch)
    before = float(program.evaluate_step(state, placed)["loss"])
    batch.images[:] = 0
    assert float(program.evaluate_step(state, placed)["loss"]) == before


@pytest.mark.parametrize("compile", ["off", "auto", "on"])
@pytest.mark.parametrize("precision", ["fp32", "fp64"])
def test_a_tie_in_a_pool_sends_its_gradient_to_the_first_element(backend, compile, precision):
    """With a kernel of zeros all elements tie, and its gradient shows which pixel was chosen."""
    graph = (
        NetworkBuilder("ties", NetworkInput(1, 4, 4, 2).op())
        .add("conv", Conv(filters=1, kernel=1, bias=False))
        .add("pool", MaxPool(kernel=3, stride=2, padding=1))
        .add("logits", Dense(units=2, bias=False))
        .graph()
    )
    program = program_of(backend, graph, Sgd(rate=1, momentum=0, decay=0), compile=compile, precision=precision)
    arrays = {"conv/kernel": np.zeros((1, 1, 1, 1)), "logits/kernel": np.array([[1, 2, 3, 4], [0, 0, 0, 0]])}
    images = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    batch = program.place(Batch(images, np.array([1], np.int32), np.ones(1, np.float32)))
    state, _ = program.train_step(program.load(arrays), batch, 1.0, 0)
    first = np.array([images[0, row, column, 0] for row in (0, 1) for column in (0, 1)])
    assert program.save(state)["conv/kernel"].item() == pytest.approx(-0.5 * first @ [1, 2, 3, 4])


@pytest.mark.parametrize("padding", [0, 1, (1, 2, 1, 1), (0, 1, 0, 1), (2, 2, 2, 2)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, (4, 3)])
def test_every_padding_means_what_the_layer_says(backend, padding, stride, kernel):
    graph = (
        NetworkBuilder("padded", INPUT.op(1 / 80))
        .add("conv", Conv(filters=2, kernel=kernel, stride=stride, padding=padding))
        .add("logits", Dense(units=4))
        .graph()
    )
    reference = discover().backends.get("numpy")()
    found, expected = (
        program.predict(program.load(arrays_of(graph)), batch_of().images, ["conv"])["conv"]
        for program in (program_of(backend, graph), program_of(reference, graph))
    )
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_compiled_steps_agree_with_plain_ones(backend, graph):
    saved, losses = [], []
    for compile in ("off", "auto", "on"):
        program = program_of(backend, graph, Adam(rate=0.01), compile=compile)
        state, loss = train(program, program.load(arrays_of(graph)), 4)
        saved.append(program.save(state))
        losses.append(loss)
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-3)
    for name, array in saved[0].items():
        assert np.allclose(saved[1][name], array, rtol=1e-3, atol=1e-3), name


ALONE = """
import hashlib
from digits_core.contracts.backend import BuildContext
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of
from digits_tensorflow.backend import TensorFlowBackend

backend, graph = TensorFlowBackend(), graph_of(OP_CASES["dropout"])
program = backend.build(graph, Sgd(rate=0.1), BackendOptions(), BuildContext(backend.devices()[0]))
state = program.load(weights_of(graph))
for step in range(5):
    state, _ = program.train_step(state, program.place(batch_of(graph, 64, seed=step)), 0.1, step)
arrays = program.save(state)
print(hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest())
"""


def test_two_processes_compute_the_same_bits():
    digests = {subprocess.check_output([sys.executable, "-c", ALONE], text=True) for _ in range(2)}
    assert len(digests) == 1


def test_everything_unclaimed_is_refused_at_once(backend, graph):
    class Strange(Sgd):
        name: str = "strange"

    somewhere = Device("gpu:99", "gpu", "a device of another machine")
    with pytest.raises(CapabilityMissing) as refused:
        backend.build(graph, Strange(), BackendOptions(), BuildContext(somewhere))
    for word in ("strange", "gpu:99", "tensorflow"):
        assert word in str(refused.value)
