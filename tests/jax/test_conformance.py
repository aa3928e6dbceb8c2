"""The jax backend keeps the contract."""

import pytest

from digits_core.hooks.registry import discover
from digits_core.testing.backend_suite import BackendSuite
from digits_core.testing.team_suite import TeamSuite

pytestmark = pytest.mark.backend("jax")


class TestJaxBackend(BackendSuite):
    @pytest.fixture
    def backend(self):
        return discover().backends.get("jax")()


@pytest.mark.slow
class TestJaxTeams(TeamSuite):
    @pytest.fixture
    def backend(self):
        return discover().backends.get("jax")()
