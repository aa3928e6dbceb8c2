"""What a team of JAX processes does when all goes well, and when it does not."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import numpy as np
import pytest

from digits_core.scheduling.addresses import free_addresses
from digits_core.testing.runs import error_of

pytestmark = [pytest.mark.backend("jax"), pytest.mark.slow]

#: What every child starts with; a test adds what it does with its program.
START = """
import os, signal, sys, time
import numpy as np
from digits_core.contracts.backend import Batch, BuildContext, Device
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of
from digits_core.testing.team import rows_of
from digits_jax.backend import JaxBackend

index, addresses = int(sys.argv[1]), tuple(sys.argv[2:])
backend, cpu = JaxBackend(), Device("cpu:0", "cpu", "processor")

def join(graph, batch, **options):
    context = BuildContext(cpu, 7, batch, index, addresses)
    return backend.build(graph, Sgd(rate=0.1), BackendOptions(**options), context), context

def step(program, context, graph, state, number=0):
    own = rows_of(batch_of(graph, context.batch, number), context.rows)
    return program.train_step(state, program.place(own), 0.1, number)
"""

TRAINING = """
graph = graph_of(OP_CASES["conv"])
program, context = join(graph, 6)
state = program.load(weights_of(graph))
state, scores = step(program, context, graph, state)
assert float(scores["samples"]) == len(context.rows)
"""


class Children:
    """Processes that run the same code, each with its index, and write what they print into a folder."""

    def __init__(self, code, folder, count=2):
        self.paths = [folder / f"child-{index}" for index in range(count)]
        addresses = free_addresses(count)
        self.all = [self._start(code, path, str(index), *addresses) for index, path in enumerate(self.paths)]

    def _start(self, code, path, *arguments):
        with open(path.with_suffix(".out"), "wb") as out, open(path.with_suffix(".err"), "wb") as err:
            command = [sys.executable, "-c", START + code, *arguments]
            return subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, "JAX_PLATFORMS": "cpu"})

    def finish(self):
        """Exit codes and what was printed, without what Gloo says when it connects."""
        codes = [child.wait(200) for child in self.all]
        texts = [path.with_suffix(".out").read_text() for path in self.paths]
        return codes, ["\n".join(line for line in text.splitlines() if line[:6] != "[Gloo]").strip() for text in texts]

    @property
    def errors(self):
        """What each wrote about its errors."""
        return [path.with_suffix(".err").read_text(errors="replace") for path in self.paths]


@pytest.fixture
def children(tmp_path):
    with ExitStack() as stack:

        def start(code, count=2):
            group = Children(code, tmp_path, count)
            for child in group.all:
                stack.callback(child.wait)
                stack.callback(child.kill)
            return group

        yield start


@pytest.mark.parametrize("victim", [0, 1])
def test_the_others_end_soon_after_one_is_killed(children, victim):
    code = f"""
for number in range(1, 10_000):
    state, scores = step(program, context, graph, state, number)
    float(scores["loss"])
    if number == 5 and index == {victim}:
        print(time.time(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""
    started = children(TRAINING + code)
    codes, printed = started.finish()
    assert codes[victim] == -9
    assert codes[1 - victim] not in (0, -9), "it went on alone"
    assert time.time() - float(printed[victim]) < 60


@pytest.mark.parametrize("victim", [0, 1])
def test_one_that_fails_ends_at_once_with_its_own_error_and_so_do_the_others(children, victim):
    code = f"""
try:
    for number in range(1, 10_000):
        if number == 5 and index == {victim}:
            print(time.time(), flush=True)
            raise ValueError("planted")
        state, scores = step(program, context, graph, state, number)
        float(scores["loss"])
finally:
    program.close()
"""
    started = children(TRAINING + code)
    codes, printed = started.finish()
    assert codes[victim] == 1 and "planted" in started.errors[victim]
    assert codes[1 - victim] != 0, "it went on alone"
    assert time.time() - float(printed[victim]) < 60


@pytest.mark.parametrize("late", [0, 1])
def test_one_that_has_finished_waits_for_one_that_is_still_busy(children, late):
    code = f"""
if index == {late}:
    time.sleep(3)
    program.save(state)
program.close()
print("finished")
"""
    started = children(TRAINING + code)
    assert started.finish() == ([0, 0], ["finished"] * 2), started.errors[0] + started.errors[1]


def test_evaluation_prediction_and_saving_are_each_process_own_business(children):
    code = """
if index == 1:
    for size in (2, 3, 7):
        whole = batch_of(graph, size, seed=9)
        assert float(program.evaluate_step(state, program.place(whole))["samples"]) == size
        assert len(program.predict(state, whole.images)["logits"]) == size
    program.save(state)
state, scores = step(program, context, graph, state, 1)
print(program.total(np.array([index + 0.1, 1e15, 1.0])).tolist())
program.close()
"""
    started = children(TRAINING + code)
    codes, printed = started.finish()
    assert codes == [0, 0], started.errors[0] + started.errors[1]
    assert printed == [str([0.1 + 1.1, 2e15, 2.0])] * 2


def test_a_process_that_has_left_its_team_can_train_alone_and_signals_stay_as_they_were(children):
    code = """
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
blocked = next(line for line in open("/proc/self/status") if line.startswith("SigCgt"))
assert not int(blocked.split()[1], 16) >> (signal.SIGTERM - 1) & 1, "SIGTERM is caught"
program.close()
index, addresses = 0, ()
program, context = join(graph, 6)
state, scores = step(program, context, graph, program.load(weights_of(graph)))
assert float(scores["samples"]) == 6
print([device.id for device in backend.devices()])
"""
    started = children(TRAINING + code)
    assert started.finish() == ([0, 0], ["['cpu:0']"] * 2), started.errors[0] + started.errors[1]


def test_gradients_travel_in_one_exchange(children):
    code = """
import re
shards = program._team.sharded(program.place(rows_of(batch_of(graph, 6), context.rows)))
text = program._train.lower(state, shards, *program._alone.scalars(0.1, 0)).compile().as_text()
print(text.count(" all-reduce(") + text.count(" all-gather(") + text.count(" reduce-scatter("), flush=True)
assert len(re.findall(r"= f32\\[\\d+\\]\\S* all-reduce\\(", text)) == 1, "not one flat array"
program.close()
"""
    started = children(TRAINING + code)
    assert started.finish() == ([0, 0], ["1", "1"]), started.errors[0] + started.errors[1]


def test_batch_norm_sees_the_same_part_of_all_processes_together(children, tmp_path):
    # Shares of 3 and 4 rows in two parts: rows 0 | 1 2 here and 3 4 | 5 6 there.
    code = f"""
graph = graph_of(OP_CASES["batch-norm"])
order = [0, 3, 4, 1, 2, 5, 6]
def trained(program, own):
    state = program.load(weights_of(graph))
    for number in range(2):
        whole = batch_of(graph, 7, number)
        batch = Batch(whole.images[own], whole.labels[own], whole.weights[own])
        state, _ = program.train_step(state, program.place(batch), 0.02, number)
    return program.save(state)

program, context = join(graph, 7, accumulate=2)
np.savez(r"{tmp_path}/together-" + str(index), **trained(program, list(context.rows)))
program.close()
me, index, addresses = index, 0, ()
program, _ = join(graph, 7, accumulate=2)
np.savez(r"{tmp_path}/alone-" + str(me), **trained(program, order))
"""
    started = children(code)
    assert started.finish()[0] == [0, 0], started.errors[0] + started.errors[1]
    alone = np.load(tmp_path / "alone-0.npz")
    for index in range(2):
        together = np.load(tmp_path / f"together-{index}.npz")
        assert max(error_of(together[name], alone[name]) for name in alone.files) < 2e-5
