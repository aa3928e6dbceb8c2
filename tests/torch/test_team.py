"""Teams of processes: what the kit does not see. Nothing of a team is global, so that threads can be its members."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from digits_core.contracts.backend import SCORE_NAMES, Batch, BuildContext, Device
from digits_core.errors import JobFailed
from digits_core.scheduling.addresses import free_addresses
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.blocks import after_conv
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of
from digits_core.testing.runs import error_of
from digits_core.testing.team import rows_of

pytestmark = pytest.mark.backend("torch")

CPU = Device("cpu:0", "cpu", "processor")

#: A member that trains two steps and then stays where it is, until it is killed.
PEER = """
import sys, time
from digits_core.testing.team import rows_of
from digits_core.contracts.backend import BuildContext, Device
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of
from digits_torch.backend import TorchBackend

graph = graph_of(OP_CASES["batch-norm"])
context = BuildContext(Device("cpu:0", "cpu", "processor"), 0, 6, 1, tuple(sys.argv[1:]))
program = TorchBackend().build(graph, Sgd(), BackendOptions(), context)
state, batch = program.load(weights_of(graph)), program.place(rows_of(batch_of(graph), context.rows))
for step in range(2):
    state, _ = program.train_step(state, batch, 0.01, step)
print("trained", flush=True)
time.sleep(600)
"""


#: A member that never closes its program.
CARELESS = """
import sys
import torch
from digits_core.contracts.backend import BuildContext, Device
from digits_torch.team import Team

context = BuildContext(Device("cpu:0", "cpu", "processor"), 0, 4, int(sys.argv[1]), tuple(sys.argv[2:]))
team = Team(context, torch.device("cpu"))
for _ in range(20):
    team.sum(torch.ones(400_000))
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr("digits_torch.team.PATIENCE", timedelta(seconds=60))


def together(count, work):
    """What ``work(index, addresses)`` gives for every member of a team."""
    addresses = free_addresses(count)
    with ThreadPoolExecutor(count) as pool:
        return [job.result() for job in [pool.submit(work, index, addresses) for index in range(count)]]


def trained(graph, batch, index=0, addresses=(), steps=2, **options):
    """Scores of the last step over the whole team, and everything learned, after steps on one batch."""
    from digits_torch.backend import TorchBackend

    context = BuildContext(CPU, 7, len(batch.labels), index, addresses)
    program = TorchBackend().build(graph, Sgd(rate=0.1), BackendOptions(**options), context)
    state = program.load(weights_of(graph))
    for step in range(steps):
        state, scores = program.train_step(state, program.place(rows_of(batch, context.rows)), 0.05, step)
    found = program.total(np.array([float(scores[name]) for name in SCORE_NAMES]))
    arrays = program.save(state)
    program.close()
    return found, arrays


def assert_close(found, expected, tolerance=2e-5):
    errors = {name: error_of(found[name], array) for name, array in expected.items()}
    assert max(errors.values()) < tolerance, errors


def test_a_member_that_is_killed_is_missed_at_once_and_in_words():
    from digits_torch.backend import TorchBackend

    graph, addresses = graph_of(OP_CASES["batch-norm"]), free_addresses(2)
    peer = subprocess.Popen([sys.executable, "-c", PEER, *addresses], stdout=subprocess.PIPE, text=True)
    try:
        context = BuildContext(CPU, 0, 6, 0, addresses)
        program = TorchBackend().build(graph, Sgd(), BackendOptions(), context)
        state, batch = program.load(weights_of(graph)), program.place(rows_of(batch_of(graph), context.rows))
        for step in range(2):
            state, _ = program.train_step(state, batch, 0.01, step)
        assert peer.stdout.readline() == "trained\n"
        peer.kill()
        started = time.monotonic()
        with pytest.raises(JobFailed, match="Process 0 of 2 lost the others"):
            program.train_step(state, batch, 0.01, 2)
        with pytest.raises(JobFailed):
            program.total(np.zeros(2))
        assert time.monotonic() - started < 50
        program.close()
    finally:
        peer.kill()
        peer.communicate()


def test_members_that_never_disconnect_end_well_and_say_nothing():
    addresses = free_addresses(2)
    command = [sys.executable, "-c", CARELESS]
    members = [
        subprocess.Popen([*command, str(index), *addresses], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for index in range(2)
    ]
    assert [(member.communicate(timeout=200)[0], member.returncode) for member in members] == [(b"", 0)] * 2


def test_nobody_to_meet_is_an_error_in_words(monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr("digits_torch.team.PATIENCE", timedelta(seconds=1))
    graph = graph_of(OP_CASES["dense"])
    with pytest.raises(JobFailed, match="Process 0 of 2"):
        trained(graph, batch_of(graph), 0, free_addresses(2))


def test_members_have_as_many_parts_as_the_smallest_share_allows():
    # Shares of 2 and 3 rows in 2 parts: batch norm sees rows {0, 2} and then {1, 3, 4}.
    graph = graph_of(OP_CASES["batch-norm"])
    whole = batch_of(graph, size=5)
    order = [0, 2, 1, 3, 4]
    expected = trained(graph, Batch(whole.images[order], whole.labels[order], whole.weights), accumulate=2)
    members = together(2, lambda index, addresses: trained(graph, whole, index, addresses, accumulate=3))
    for scores, arrays in members:
        np.testing.assert_allclose(scores, expected[0], rtol=1e-5)
        assert_close(arrays, expected[1])


@pytest.mark.parametrize("case", ["batch-norm", "batch-norm-of-features"])
@pytest.mark.parametrize("precision", ["fp64", "bf16"])
def test_a_team_of_one_picture_each_normalises_as_one_process_does(case, precision):
    graph = graph_of(OP_CASES[case])
    batch = batch_of(graph, size=3)
    _, expected = trained(graph, batch, steps=1, precision=precision)
    members = together(3, lambda index, addresses: trained(graph, batch, index, addresses, 1, precision=precision))
    for _, arrays in members:
        assert {array.dtype for array in arrays.values()} == {expected["logits/kernel"].dtype}
        assert_close(arrays, expected, 1e-12 if precision == "fp64" else 0.1)
        assert all(np.array_equal(arrays[name], members[0][1][name]) for name in arrays)


def test_gradients_of_many_buckets_and_of_weights_that_no_loss_needs_are_summed(monkeypatch):
    monkeypatch.setattr("digits_torch.exchange.FIRST_BYTES", 64)
    monkeypatch.setattr("digits_torch.exchange.BUCKET_BYTES", 256)
    layers = after_conv({"name": "hidden", "op": "dense", "units": 7}, {"name": "relu", "op": "relu"})
    layers.insert(1, {"name": "unread", "op": "conv", "filters": 3, "kernel": 1, "inputs": "first"})
    layers[2]["inputs"] = "first"
    graph = graph_of(layers)
    batch = batch_of(graph, size=5)
    _, expected = trained(graph, batch)
    for _, arrays in together(2, lambda index, addresses: trained(graph, batch, index, addresses)):
        assert_close(arrays, expected)


def test_the_last_layers_gradients_leave_before_the_first_ones_are_there(monkeypatch):
    import torch

    from digits_torch.exchange import GradientExchange
    from digits_torch.team import Team

    monkeypatch.setattr("digits_torch.exchange.FIRST_BYTES", 1)
    happened = []

    class Observed(Team):
        def start_sum(self, tensor):
            happened.append((f"bucket of {len(tensor)} leaves", self._index))
            return super().start_sum(tensor)

    def work(index, addresses):
        team = Observed(BuildContext(CPU, 0, 2, index, addresses), torch.device("cpu"))
        first, last = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(1))
        exchange = GradientExchange([first, last], team)
        first.register_post_accumulate_grad_hook(lambda weight: happened.append(("first", index)))
        exchange.backward((first * (index + 1)).sum() * last.sum(), torch.tensor(1.0))
        team.close()
        return first.grad.tolist(), last.grad.tolist()

    assert together(2, work) == [([3.0] * 3, [9.0])] * 2
    for index in range(2):
        mine = [event for event, member in happened if member == index]
        assert mine == ["bucket of 1 leaves", "bucket of 3 leaves", "first"]


def test_a_step_in_parts_is_exchanged_once(monkeypatch):
    from digits_torch.team import Team

    sums = []
    start = Team.start_sum
    monkeypatch.setattr(Team, "start_sum", lambda team, tensor: sums.append(len(tensor)) or start(team, tensor))
    graph = graph_of(OP_CASES["conv"])
    batch = batch_of(graph, size=8)
    together(2, lambda index, addresses: trained(graph, batch, index, addresses, steps=3, accumulate=4))
    trainable = sum(parameter.size for parameter in graph.parameters.values() if parameter.trainable)
    assert sums == [trainable] * 6


def test_totals_are_new_arrays_in_float64():
    from digits_torch.backend import TorchBackend

    graph = graph_of(OP_CASES["dense"])

    def work(index, addresses):
        program = TorchBackend().build(graph, Sgd(), BackendOptions(), BuildContext(CPU, 0, 4, index, addresses))
        values = np.array([[1.0, 2.0**53 + 2], [index, 0]])
        total = program.total(values)
        program.close()
        return values, total

    for index, (values, total) in enumerate(together(3, work)):
        np.testing.assert_array_equal(total, [[3, 3 * (2.0**53 + 2)], [3, 0]])
        np.testing.assert_array_equal(values, [[1, 2.0**53 + 2], [index, 0]])


def test_a_program_on_its_own_has_no_team_and_its_totals_are_its_values(build):
    program = build(graph_of(OP_CASES["dense"]))
    values = np.array([1.0, 2.0])
    np.testing.assert_array_equal(program.total(values), values)
    program.close()
