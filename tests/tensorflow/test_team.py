"""What processes that train together do with TensorFlow: parts, compiled steps, silence, and what happens to the rest
when one dies.
"""

import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pytest

from digits_core.scheduling.addresses import free_addresses
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, graph_of, multiplied
from digits_core.testing.team import Exercise

pytestmark = [pytest.mark.backend("tensorflow"), pytest.mark.slow]

PREAMBLE = """
import os, sys, time
import numpy as np
from digits_core.contracts.backend import BuildContext
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of
from digits_tensorflow.backend import TensorFlowBackend

index, addresses = int(sys.argv[1]), tuple(sys.argv[2].split(","))
backend, graph = TensorFlowBackend(), graph_of(OP_CASES["dropout"])
context = BuildContext(backend.devices()[-1], 7, 8, index, addresses)
"""

BUILD = """
program = backend.build(graph, Sgd(rate=0.1), BackendOptions(), context)
state, batch = program.load(weights_of(graph)), program.place(batch_of(graph, 4))
"""

DYING = """
try:
    for step in range(10**9):
        if index == 1 and step == 5:
            print(time.time(), flush=True)
            os.kill(os.getpid(), 9)
        state, _ = program.train_step(state, batch, 0.1, step)
except Exception as error:
    print(time.time(), type(error).__name__)
    sys.exit(1)
"""

TOTALS = """
for values in (np.arange(3.0), np.ones((2, 2)) / 3, np.arange(3.0) + 2**40):
    assert np.array_equal(program.total(values), 2 * values)
print("fine")
"""

LATE = """
import tensorflow as tf
from digits_core.errors import CapabilityMissing
tf.constant(1.0) + 1
try:
    backend.build(graph, Sgd(rate=0.1), BackendOptions(), context)
except CapabilityMissing as error:
    print(error)
"""


def run(code, processes, timeout_s=400):
    """Exit codes and outputs of a team that runs ``code``."""
    command = [sys.executable, "-c", PREAMBLE + code]
    addresses = ",".join(free_addresses(2))
    with ExitStack() as stack:
        children = [
            subprocess.Popen(
                [*command, str(index), addresses], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for index in range(processes)
        ]
        for child in children:
            stack.callback(child.wait)
            stack.callback(child.kill)
        outputs = [child.communicate(timeout=timeout_s)[0] for child in reversed(children)][::-1]
        return [child.returncode for child in children], outputs


def test_who_trains_with_a_process_that_dies_fails_within_seconds():
    codes, (survivor, dead) = run(BUILD + DYING, 2)
    assert codes == [1, -9]
    seconds, error = survivor.splitlines()[-1].split()
    assert error == "UnavailableError"
    assert float(seconds) - float(dead) < 10


def test_totals_are_exact_sums_in_float64_of_any_shape():
    assert run(BUILD + TOTALS, 2) == ([0, 0], ["fine\n", "fine\n"])


def test_joining_others_after_tensorflow_has_computed_is_refused():
    _, (output,) = run(LATE, 1)
    assert "joins 2 processes before it computes anything" in output


@pytest.mark.parametrize(
    ("graph", "batch", "options"),
    [
        # A share of one row has one part; batch norm of the other process would wait for its second for ever.
        pytest.param(multiplied(), 3, BackendOptions(accumulate=2), id="one row and two"),
        pytest.param(graph_of(OP_CASES["dropout"]), 8, BackendOptions(compile="on"), id="compiled step"),
        pytest.param(graph_of(OP_CASES["lrn"]), 7, BackendOptions(compile="on", accumulate=2), id="compiled parts"),
        pytest.param(multiplied(), 7, BackendOptions(precision="fp64"), id="fp64"),
    ],
)
def test_a_team_trains_as_one_process_does_and_prints_nothing(graph, batch, options, tmp_path):
    together = Exercise("tensorflow", graph, Sgd(rate=0.01), batch, [0.02, 0.01], options)
    whole = options.model_copy(update={"accumulate": 1})
    alone = Exercise("tensorflow", graph, Sgd(rate=0.01), batch, [0.02, 0.01], whole).run()
    for member in together.run_together(tmp_path, 2):
        assert np.allclose(member.scores, alone.scores, rtol=2e-5)
        for name, array in alone.arrays.items():
            assert np.allclose(member.arrays[name], array, rtol=1e-3, atol=2e-5 * np.abs(array).max()), name
    lines = [line for index in range(2) for line in (tmp_path / f"log-{index}.txt").read_text().splitlines()]
    # TensorFlow warns whenever it optimises float64 in a function; nobody can stop that.
    assert [line for line in lines if "Not handling type DT_DOUBLE" not in line] == []


def test_half_precision_of_a_team_meets_in_fp32(tmp_path):
    options = BackendOptions(precision="bf16")
    exercise = Exercise("tensorflow", multiplied(), Sgd(rate=0.001), 8, [0.02, 0.01], options)
    alone, together = exercise.run(), exercise.run_together(tmp_path, 2)
    assert together[0].scores == pytest.approx(alone.scores, rel=2e-2)
    assert {array.dtype for array in together[0].arrays.values()} == {np.dtype(np.float32)}
    assert all(np.array_equal(together[1].arrays[name], array) for name, array in together[0].arrays.items())
