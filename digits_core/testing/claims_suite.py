"""The part of the conformance kit of backends that is about claims: what is refused, and what is told."""

from __future__ import annotations

import numpy as np
import pytest

from digits_core.contracts.backend import Backend, BuildContext
from digits_core.errors import CapabilityMissing, DigitsError
from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.ops import Dense, Input, Op
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import OP_CASES, graph_of, weights_of
from digits_core.testing.runs import build


class ClaimsSuite:
    """What every backend must say of itself; a part of `BackendSuite`."""

    def test_an_op_that_is_not_claimed_is_refused_by_name(self, backend: Backend) -> None:
        class Unheard(Op):
            kind = "unheard_of"

        layers = [
            LayerSpec("input", Input(channels=1, height=4, width=4)),
            LayerSpec("strange", Unheard()),
            LayerSpec("logits", Dense(units=2)),
        ]
        with pytest.raises(CapabilityMissing) as refused:
            build(backend, Graph.of("tiny", layers))
        for word in ("strange", "unheard_of", backend.name):
            assert word in str(refused.value)

    def test_a_solver_and_a_precision_that_are_not_claimed_are_refused_together(self, backend: Backend) -> None:
        class Strange(Sgd):
            name: str = "strange"  # type: ignore[assignment]

        missing = {"fp32", "fp64"} - backend.capabilities().precisions
        with pytest.raises(CapabilityMissing) as refused:
            build(backend, graph_of(OP_CASES["conv"]), Strange(), min(missing, default="fp32"))
        assert "strange" in str(refused.value)
        assert len(refused.value.problems) == 1 + bool(missing)

    def test_missing_and_misshapen_weights_are_refused_together(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        arrays = weights_of(graph)
        del arrays["tested/kernel"]
        arrays["first/bias"] = np.zeros(9, np.float32)
        with pytest.raises(DigitsError) as refused:
            build(backend, graph).load(arrays)
        assert "tested/kernel" in str(refused.value)
        assert "first/bias" in str(refused.value)

    def test_a_backend_that_compiles_says_what_and_why(self, backend: Backend) -> None:
        context = BuildContext(backend.devices()[0])
        for wanted in ("auto", "off") if backend.capabilities().compiles else ():
            options = BackendOptions.model_validate({"compile": wanted})
            program = backend.build(graph_of(OP_CASES["dense"]), Sgd(rate=0.1), options, context)
            assert program.compilation.endswith(".")
            assert ("as asked" in program.compilation) == (wanted == "off")

    def test_devices_make_sense(self, backend: Backend) -> None:
        devices = backend.devices()
        assert devices
        assert {device.kind for device in devices} <= backend.capabilities().device_kinds
        assert len({device.id for device in devices}) == len(devices)
