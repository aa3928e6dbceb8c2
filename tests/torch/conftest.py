"""Programs of the torch backend on the processor."""

import pytest

from digits_core.contracts.backend import BuildContext, Device
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd


@pytest.fixture
def build():
    """A function that builds a program for a graph."""
    from digits_torch.backend import TorchBackend

    def build(graph, solver=None, seed=7, **options):
        context = BuildContext(Device("cpu:0", "cpu", "processor"), seed=seed)
        return TorchBackend().build(graph, solver or Sgd(rate=0.1, decay=0.01), BackendOptions(**options), context)

    return build
