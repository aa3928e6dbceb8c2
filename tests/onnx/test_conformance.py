"""ONNX Runtime and backends as runtimes keep the contract."""

import pytest

from digits_core.hooks.registry import discover
from digits_core.inference.runtimes import BackendRuntime
from digits_core.spec.job import BackendOptions
from digits_core.testing.runtime_suite import RuntimeSuite


class TestOnnxRuntime(RuntimeSuite):
    @pytest.fixture
    def runtime(self):
        pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed here")
        return discover().runtimes.get("onnx")()


class TestBackendRuntime(RuntimeSuite):
    @pytest.fixture
    def runtime(self):
        return BackendRuntime(discover().backends.get("numpy")(), BackendOptions())
