"""A graph as a Flax module."""

import subprocess
import sys

import numpy as np
import pytest

import digits_jax
from digits_core.contracts.backend import BuildContext
from digits_core.errors import SnapshotDamaged
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import batch_of, multiplied, weights_of

pytestmark = pytest.mark.backend("jax")


@pytest.fixture
def graph():
    return multiplied()


@pytest.fixture
def module(graph):
    return digits_jax.module(graph, weights_of(graph), seed=7)


def test_the_package_does_not_import_jax_until_a_module_is_asked_for():
    code = "import sys, digits_jax, digits_jax.plugin; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_module_gives_the_logits_of_the_program(graph, module):
    backend = discover().backends.get("jax")()
    program = backend.build(graph, Sgd(), BackendOptions(), BuildContext(backend.devices()[0]))
    images = batch_of(graph).images
    expected = program.predict(program.load(weights_of(graph)), images)["logits"]
    np.testing.assert_allclose(module(images), expected, rtol=1e-4, atol=1e-5)


def test_a_module_is_an_nnx_module_with_weights_in_flax_layouts(graph, module):
    from flax import nnx

    assert isinstance(module, nnx.Module)
    kernel = weights_of(graph)["first/kernel"]
    np.testing.assert_array_equal(module.layers["first"]["kernel"][...], kernel.transpose(2, 3, 1, 0))
    trainable = nnx.to_flat_state(nnx.state(module, nnx.Param))
    assert {"/".join(path[1:]) for path, _ in trainable} == {n for n, p in graph.parameters.items() if p.trainable}


def test_a_module_trains_with_flax_and_optax_alone(graph, module):
    import optax
    from flax import nnx

    batch = batch_of(graph, 16)
    optimizer = nnx.Optimizer(module, optax.adam(0.01), wrt=nnx.Param)

    @nnx.jit
    def train(module, optimizer, step):
        def loss(module):
            logits = module(batch.images, step=step)
            return optax.softmax_cross_entropy_with_integer_labels(logits, batch.labels).mean()

        value, gradient = nnx.value_and_grad(loss)(module)
        optimizer.update(module, gradient)
        return value

    before = np.array(module.layers["norm"]["mean"][...])
    losses = [float(train(module, optimizer, step)) for step in range(30)]
    assert losses[-1] < 0.7 * losses[0]
    assert not np.array_equal(before, module.layers["norm"]["mean"][...])


def test_dropout_of_a_module_depends_on_the_step_and_is_off_without_one(graph, module):
    images = batch_of(graph).images
    first, again = module(images, step=1), digits_jax.module(graph, weights_of(graph), seed=7)(images, step=1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, module(images, step=2))
    np.testing.assert_array_equal(module(images), module(images))


def test_a_module_refuses_weights_that_do_not_fit(graph):
    arrays = weights_of(graph)
    del arrays["norm/mean"]
    arrays["logits/bias"] = np.zeros(3, np.float32)
    with pytest.raises(SnapshotDamaged) as refused:
        digits_jax.module(graph, arrays)
    assert len(refused.value.problems) == 2
