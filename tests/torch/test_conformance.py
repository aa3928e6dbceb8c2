"""The torch backend keeps the contract, alone and in a team."""

import pytest

from digits_core.hooks.registry import discover
from digits_core.testing.backend_suite import BackendSuite
from digits_core.testing.team_suite import TeamSuite

pytestmark = pytest.mark.backend("torch")


class TestTorchBackend(BackendSuite):
    @pytest.fixture
    def backend(self):
        return discover().backends.get("torch")()


@pytest.mark.slow
class TestTorchTeams(TeamSuite):
    @pytest.fixture
    def backend(self):
        return discover().backends.get("torch")()
