import pytest

from digits_core.contracts.backend import BuildContext
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd


@pytest.fixture
def backend():
    return discover().backends.get("jax")()


@pytest.fixture
def build(backend):
    def build(graph, solver=None, **options):
        context = BuildContext(backend.devices()[0], seed=7)
        return backend.build(graph, solver or Sgd(), BackendOptions(**options), context)

    return build
