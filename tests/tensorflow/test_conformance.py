"""The tensorflow backend keeps the contract."""

import pytest

from digits_core.hooks.registry import discover
from digits_core.testing.backend_suite import BackendSuite

pytestmark = pytest.mark.backend("tensorflow")


class TestTensorFlowBackend(BackendSuite):
    @pytest.fixture
    def backend(self):
        return discover().backends.get("tensorflow")()
