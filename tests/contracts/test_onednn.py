"""Networks whose gradients oneDNN writes outside its memory are computed otherwise, with the right numbers."""

import subprocess
import sys

import pytest

TRAINS = """
import sys
import numpy as np
from digits_core.contracts.backend import BuildContext
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.blocks import after_conv
from digits_core.testing.graphs import batch_of, graph_of, weights_of

shortcut = {"name": "shortcut", "op": "conv", "filters": 8, "kernel": 1, "stride": 2}
graph = graph_of(after_conv(shortcut), channels=3, height=66, width=66)

def trained(name):
    backend = discover().backends.get(name)()
    program = backend.build(graph, Sgd(rate=1e-3), BackendOptions(), BuildContext(backend.devices()[-1]))
    state = program.load(weights_of(graph))
    for step in range(8):
        state, _ = program.train_step(state, program.place(batch_of(graph, 9, seed=step)), 1e-3, step)
    return program.save(state)

expected, found = trained("numpy"), trained(sys.argv[1])
for weight, array in expected.items():
    assert np.allclose(found[weight], array, rtol=1e-3, atol=1e-4), weight
"""


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.backend("torch")),
        pytest.param("tensorflow", marks=pytest.mark.backend("tensorflow")),
    ],
)
def test_strides_over_single_pixels_of_few_channels_train_without_harm(backend):
    # In a process of its own: what is written outside its memory may end it at once, later or never.
    done = subprocess.run([sys.executable, "-c", TRAINS, backend], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
