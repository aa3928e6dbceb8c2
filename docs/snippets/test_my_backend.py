import pytest

from digits_core.testing.backend_suite import BackendSuite
from digits_numpy.backend import NumpyBackend


class TestMyBackend(BackendSuite):
    @pytest.fixture
    def backend(self):
        return NumpyBackend()
