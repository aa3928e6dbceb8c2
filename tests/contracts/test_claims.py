"""What a backend does not claim is refused in one go and in the same words, whichever backend it is."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, parts, share
from digits_core.contracts.claims import require_claims, require_ops
from digits_core.errors import CapabilityMissing
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Adam, Sgd
from digits_core.testing.graphs import OP_CASES, graph_of

HERE = Device("gpu:0", "gpu", "a device")
OTHER = Device("gpu:1", "gpu", "another device")
ABSENT = Device("gpu:9", "gpu", "a device of another machine")


class Modest(Backend):
    """Claims the least."""

    name: ClassVar = "modest"

    def __init__(self, distributed=False):
        self._distributed = distributed

    def capabilities(self):
        return Capabilities(frozenset({"input", "dense"}), frozenset({"adam"}), distributed=self._distributed)

    def devices(self):
        return (HERE, OTHER)

    def build(self, graph, solver, options, context):
        raise NotImplementedError


def test_layers_solver_options_and_devices_are_refused_together():
    graph = graph_of(OP_CASES["conv"])
    options = BackendOptions(precision="fp64", compile="on")
    with pytest.raises(CapabilityMissing) as refused:
        require_claims(Modest(), graph, Sgd(), options, BuildContext(ABSENT, batch=8, addresses=("a:1", "b:1")))
    for word in ("tested needs op 'conv'", "solver 'sgd'", "'fp64'", "cannot compile", "one device, found 2", "gpu:9"):
        assert word in str(refused.value)


def test_several_devices_are_refused_unless_they_are_claimed():
    graph, options = graph_of([{"name": "logits", "op": "dense", "units": 3}]), BackendOptions()
    two = BuildContext(HERE, batch=8, addresses=("a:1", "b:1"))
    with pytest.raises(CapabilityMissing, match="trains on one device, found 2"):
        require_claims(Modest(), graph, Adam(), options, two)
    require_claims(Modest(distributed=True), graph, Adam(), options, two)


def test_a_batch_smaller_than_the_number_of_processes_is_refused():
    graph = graph_of([{"name": "logits", "op": "dense", "units": 3}])
    few = BuildContext(HERE, batch=2, addresses=("a:1", "b:1", "c:1"))
    with pytest.raises(CapabilityMissing, match="at least 3 pictures, found 2"):
        require_claims(Modest(distributed=True), graph, Adam(), BackendOptions(), few)


def test_a_device_that_is_not_here_is_refused_with_those_that_are():
    graph = graph_of([{"name": "logits", "op": "dense", "units": 3}])
    with pytest.raises(CapabilityMissing, match=r"no device gpu:9 here\. It has gpu:0, gpu:1"):
        require_claims(Modest(), graph, Adam(), BackendOptions(), BuildContext(ABSENT))


@given(batch=st.integers(0, 300), count=st.integers(1, 9))
def test_shares_and_parts_cover_a_batch_evenly(batch, count):
    shares = [share(batch, index, count) for index in range(count)]
    assert [row for rows in shares for row in rows] == list(range(batch))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert [row for part in parts(batch, count) for row in range(batch)[part]] == list(range(batch))


def test_operations_alone_can_be_asked_for():
    require_ops(Modest(), graph_of([{"name": "logits", "op": "dense", "units": 3}]))
    with pytest.raises(CapabilityMissing, match="modest does not offer"):
        require_ops(Modest(), graph_of(OP_CASES["conv"]))
