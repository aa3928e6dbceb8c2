"""The conformance kit of runtimes: subclass, give a runtime, run pytest.

::

    class TestMyRuntime(RuntimeSuite):
        @pytest.fixture
        def runtime(self):
            return MyRuntime()

What is predicted must agree with the reference in float64.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from digits_core.contracts.backend import Arrays
from digits_core.contracts.runtime import Activations, Runtime
from digits_core.errors import CapabilityMissing, DigitsError
from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.ops import Dense, Input, Op
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, two_headed, weights_of
from digits_core.testing.runs import FORWARD_TOLERANCE, assert_close, assert_equal, build, reference

TOLERANCE = FORWARD_TOLERANCE["fp32"]


class RuntimeSuite:
    """What every runtime must do; subclasses give the fixture ``runtime``."""

    @pytest.fixture
    def runtime(self) -> Runtime:
        """The runtime under test."""
        raise NotImplementedError("Give your runtime in a fixture called runtime.")

    @pytest.mark.parametrize("case", OP_CASES)
    def test_an_op_agrees_with_the_reference_and_any_layer_can_be_had(self, runtime: Runtime, case: str) -> None:
        graph = graph_of(OP_CASES[case], mean="image" if "pool" in case else "pixel")
        arrays, taps = weights_of(graph), [layer.name for layer in graph.layers]
        expected = _expected(graph, arrays)
        images = batch_of(graph).images
        found = runtime.load(graph, arrays, taps).predict(images)
        assert_close(found, expected, TOLERANCE)
        assert {array.dtype.kind for array in found.values()} == {"f"}
        # What nobody looks at may be computed in other ways.
        alone = runtime.load(graph, arrays).predict(images)
        assert_close(alone, {graph.output: expected[graph.output]}, TOLERANCE)

    def test_of_several_heads_those_that_are_asked_for_are_given(self, runtime: Runtime) -> None:
        graph = two_headed()
        arrays = weights_of(graph)
        expected = _expected(graph, arrays)
        for taps in ((), ("side",), ("logits", "relu", "relu")):
            found = runtime.load(graph, arrays, taps).predict(batch_of(graph).images)
            assert_close(found, {name: expected[name] for name in {"logits", *taps}}, TOLERANCE)

    @pytest.mark.parametrize("case", ["batch-norm", "transformer", "average-pool-ceil"])
    def test_a_picture_is_seen_as_it_is_in_any_batch(self, runtime: Runtime, case: str) -> None:
        graph = graph_of(OP_CASES[case])
        images = batch_of(graph, 7).images
        predictor = runtime.load(graph, weights_of(graph))
        together = predictor.predict(images)[graph.output]
        for rows in (slice(0, 1), slice(1, 4), slice(0, 7, 3)):
            alone = predictor.predict(images[rows])[graph.output]
            assert_close({"logits": alone}, {"logits": together[rows]}, TOLERANCE)

    def test_arrays_and_pictures_stay_as_they_are_and_later_changes_are_not_seen(self, runtime: Runtime) -> None:
        graph = graph_of(OP_CASES["transformer"], height=34, width=32)
        arrays, images = weights_of(graph), batch_of(graph).images
        predictor = runtime.load(graph, arrays)
        before = predictor.predict(images)
        assert_equal(arrays, weights_of(graph))
        np.testing.assert_array_equal(images, batch_of(graph).images)
        for array in arrays.values():
            array[...] = 1
        assert_equal(predictor.predict(images), before)

    def test_threads_do_not_disturb_each_other(self, runtime: Runtime) -> None:
        graph = multiplied()
        predictor = runtime.load(graph, weights_of(graph))
        batches = [batch_of(graph, 3, seed=seed).images for seed in range(16)]
        expected = [predictor.predict(images) for images in batches]
        with ThreadPoolExecutor(4) as pool:
            for found, alone in zip(pool.map(predictor.predict, batches), expected, strict=True):
                assert_close(found, alone, TOLERANCE)
        predictor.close()

    def test_weights_that_are_missing_or_have_another_shape_are_refused(self, runtime: Runtime) -> None:
        graph = graph_of(OP_CASES["conv"])
        arrays = weights_of(graph)
        with pytest.raises(DigitsError, match="tested/kernel"):
            runtime.load(graph, {name: array for name, array in arrays.items() if name != "tested/kernel"})
        with pytest.raises(DigitsError, match="tested/kernel"):
            runtime.load(graph, arrays | {"tested/kernel": arrays["tested/kernel"][..., :1]})

    def test_an_op_that_is_not_known_is_refused_with_its_layer(self, runtime: Runtime) -> None:
        layers = [
            LayerSpec("input", Input(channels=1, height=4, width=4)),
            LayerSpec("strange", _Unheard()),
            LayerSpec("logits", Dense(units=2)),
        ]
        graph = Graph.of("tiny", layers)
        with pytest.raises(CapabilityMissing, match=r"strange.*unheard_of"):
            runtime.load(graph, weights_of(graph))


class _Unheard(Op):
    """Nobody has a builder for it."""

    kind: ClassVar = "unheard_of"


def _expected(graph: Graph, arrays: Arrays) -> Activations:
    """Every layer, by the reference."""
    program = build(reference(), graph, precision="fp64")
    names = [layer.name for layer in graph.layers]
    return program.predict(program.load(arrays), batch_of(graph).images, names)
