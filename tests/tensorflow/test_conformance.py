"""The tensorflow backend keeps the contract."""

import pytest

from digits_core.hooks.registry import discover
from digits_core.testing.backend_suite import BackendSuite
from digits_core.testing.team_suite import TeamSuite

pytestmark = pytest.mark.backend("tensorflow")


@pytest.fixture
def backend():
    return discover().backends.get("tensorflow")()


class TestTensorFlowBackend(BackendSuite):
    @pytest.fixture
    def backend(self, backend):
        return backend


@pytest.mark.slow
class TestTensorFlowTeams(TeamSuite):
    @pytest.fixture
    def backend(self, backend):
        return backend
