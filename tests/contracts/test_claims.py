"""What a backend does not claim is refused in one go and in the same words, whichever backend it is."""

from typing import ClassVar

import pytest

from digits_core.contracts.backend import Backend, BuildContext, Capabilities, Device, ProcessLayout
from digits_core.contracts.claims import require_claims, require_devices, require_ops
from digits_core.errors import CapabilityMissing
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
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

    def layout(self, devices, nodes=1):
        return ProcessLayout((tuple(devices),))

    def build(self, graph, solver, options, context):
        raise NotImplementedError


def test_layers_solver_options_and_devices_are_refused_together():
    graph = graph_of(OP_CASES["conv"])
    options = BackendOptions(precision="fp64", compile="on")
    with pytest.raises(CapabilityMissing) as refused:
        require_claims(Modest(), graph, Sgd(), options, BuildContext((HERE, ABSENT)))
    for word in ("tested needs op 'conv'", "solver 'sgd'", "'fp64'", "cannot compile", "one device, found 2", "gpu:9"):
        assert word in str(refused.value)


def test_several_devices_are_refused_unless_they_are_claimed():
    for devices, processes in (((HERE, OTHER), 1), ((HERE,), 2), ((), 1)):
        with pytest.raises(CapabilityMissing, match="trains on one device"):
            require_devices(Modest(), devices, processes)
        require_devices(Modest(distributed=True), devices, processes)


def test_a_device_that_is_not_here_is_refused_once_with_those_that_are():
    with pytest.raises(CapabilityMissing, match=r"no device gpu:9 here\. It has gpu:0, gpu:1") as refused:
        require_devices(Modest(distributed=True), (ABSENT, ABSENT))
    assert len(refused.value.problems) == 1


def test_operations_alone_can_be_asked_for():
    require_ops(Modest(), graph_of([{"name": "logits", "op": "dense", "units": 3}]))
    with pytest.raises(CapabilityMissing, match="modest does not offer"):
        require_ops(Modest(), graph_of(OP_CASES["conv"]))
