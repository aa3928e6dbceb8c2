"""The conformance kit of backends: subclass, give a backend, run pytest.

::

    class TestMyBackend(BackendSuite):
        @pytest.fixture
        def backend(self):
            return MyBackend()

What a backend does not claim is skipped with a sentence; what it claims must agree with the reference in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digits_core.contracts.backend import (
    HEAD_PREFIX,
    SCORE_NAMES,
    Arrays,
    Backend,
    Batch,
    Program,
    score_names,
)
from digits_core.errors import CapabilityMissing
from digits_core.graph.graph import Graph
from digits_core.spec.solver import Sgd
from digits_core.testing.claims_suite import ClaimsSuite
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, two_headed, weights_of, with_targets
from digits_core.testing.runs import (
    FORWARD_TOLERANCE,
    GRADIENT_TOLERANCE,
    RATES,
    Run,
    assert_close,
    both_precisions,
    build,
    error_of,
    read,
    reference,
    require_ops,
    require_precision,
)
from digits_core.testing.solver_suite import SolverSuite
from digits_core.testing.state_suite import StateSuite

every_op = pytest.mark.parametrize("case", OP_CASES)


class BackendSuite(SolverSuite, StateSuite, ClaimsSuite):
    """What every backend must do; subclasses give the fixture ``backend``."""

    @pytest.fixture
    def backend(self) -> Backend:
        """The backend under test."""
        raise NotImplementedError("Give your backend in a fixture called backend.")

    @every_op
    @both_precisions
    def test_an_op_forward_agrees_with_the_reference(self, backend: Backend, case: str, precision: str) -> None:
        graph = graph_of(OP_CASES[case])
        require_ops(backend, graph)
        require_precision(backend, precision)
        images, arrays = batch_of(graph).images, weights_of(graph)
        taps = [layer.name for layer in graph.layers]
        found, expected = (
            program.predict(program.load(arrays), images, taps)
            for program in (build(backend, graph, precision=precision), build(reference(), graph, precision="fp64"))
        )
        assert_close(found, expected, FORWARD_TOLERANCE[precision])
        wanted = np.float64 if precision == "fp64" else np.float32
        assert {array.dtype for array in found.values()} == {np.dtype(wanted)}

    @every_op
    @both_precisions
    def test_an_ops_gradients_agree_with_the_reference(self, backend: Backend, case: str, precision: str) -> None:
        graph = graph_of(OP_CASES[case])
        require_ops(backend, graph)
        require_precision(backend, precision)
        found, expected = (
            self._first_gradients(backend_, graph, precision_)
            for backend_, precision_ in ((backend, precision), (reference(), "fp64"))
        )
        assert_close(found, expected, GRADIENT_TOLERANCE[precision])

    @pytest.mark.parametrize("case", ["max-pool", "max-pool-overlapping", "max-pool-ceil-padding"])
    def test_among_equal_elements_of_a_window_the_first_has_the_gradient(self, backend: Backend, case: str) -> None:
        graph = graph_of(OP_CASES[case])
        require_ops(backend, graph)
        arrays = weights_of(graph)
        # A kernel of zeros makes all elements equal, and its own gradient tells which of them were chosen.
        arrays["first/kernel"] = np.zeros_like(arrays["first/kernel"])
        found, expected = (
            self._gradients(build(backend_, graph, precision=precision), graph, batch_of(graph), arrays)
            for backend_, precision in ((backend, "fp32"), (reference(), "fp64"))
        )
        assert_close(found, expected, GRADIENT_TOLERANCE["fp32"])

    def test_several_weighted_losses_add_up(self, backend: Backend) -> None:
        graph = two_headed()
        require_ops(backend, graph)
        found, expected = (
            self._first_gradients(backend_, graph, precision)
            for backend_, precision in ((backend, "fp32"), (reference(), "fp64"))
        )
        assert_close(found, expected, GRADIENT_TOLERANCE["fp32"])
        self._assert_scores_agree(backend, graph, batch_of(graph))
        (scores,) = Run(build(backend, graph, accumulate=2), graph, weights_of(graph)).advance([0.1])
        assert set(scores) == set(score_names(graph)), "each head has a loss of its own"
        own = (loss.weight * scores[f"{HEAD_PREFIX}{loss.logits}"] for loss in graph.losses)
        assert sum(own) == pytest.approx(scores["loss"], rel=1e-5)

    def test_the_output_may_be_without_a_loss(self, backend: Backend) -> None:
        graph = two_headed(losses=[{"logits": "side"}])
        require_ops(backend, graph)
        scores = []
        for backend_, precision in ((backend, "fp32"), (reference(), "fp64")):
            run = Run(build(backend_, graph, precision=precision), graph, weights_of(graph))
            scores.append(run.advance([0.1])[0])
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)

    @pytest.mark.parametrize("parts", [2, 100])
    @pytest.mark.parametrize("normalised", [False, True])
    def test_a_batch_in_parts_steps_as_the_reference_does(self, backend: Backend, parts: int, normalised: bool) -> None:
        # Only batch norm sees that there are parts: it looks at one after the other.
        graph = multiplied() if normalised else graph_of(OP_CASES["dropout"])
        solver = Sgd(rate=0.01, clip=0.5)
        found, expected = (
            Run(build(chosen, graph, solver, precision, accumulate=count), graph, weights_of(graph))
            for chosen, precision, count in (
                (backend, "fp32", parts),
                (reference(), "fp64", parts if normalised else 1),
            )
        )
        scores, wanted = found.advance(RATES[:2]), expected.advance(RATES[:2])
        assert_close(found.arrays(), expected.arrays(), GRADIENT_TOLERANCE["fp32"])
        assert scores == [pytest.approx(score, rel=1e-5) for score in wanted]

    @pytest.mark.parametrize("precision", ["bf16", "fp16"])
    def test_half_precision_stays_near_and_keeps_weights_in_fp32(self, backend: Backend, precision: str) -> None:
        require_precision(backend, precision)
        graph, solver = multiplied(), Sgd(rate=0.001)
        half, full = (
            Run(build(backend, graph, solver, kind), graph, weights_of(graph)) for kind in (precision, "fp32")
        )
        near, exact = half.advance(RATES[:4]), full.advance(RATES[:4])
        losses = [score["loss"] for score in near]
        assert losses == pytest.approx([score["loss"] for score in exact], rel=3e-2)
        assert losses != [score["loss"] for score in exact], "it computed in fp32"
        assert {array.dtype for array in half.arrays().values()} == {np.dtype(np.float32)}

    def test_evaluation_agrees_with_the_reference_after_some_steps(self, backend: Backend) -> None:
        graph = multiplied()
        require_ops(backend, graph)
        scores = []
        for backend_, precision in ((backend, "fp32"), (reference(), "fp64")):
            run = Run(build(backend_, graph, precision=precision), graph, weights_of(graph))
            run.advance(RATES)
            batch = run.program.place(batch_of(graph, 16, seed=99))
            scores.append(read(run.program.evaluate_step(run.state, batch)))
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)

    def test_padding_of_weight_zero_counts_nowhere(self, backend: Backend) -> None:
        graph = two_headed()
        whole = batch_of(graph, size=6)
        weights = np.array([1, 1, 1, 1, 0, 0], np.float32)
        program = build(backend, graph)
        state = program.load(weights_of(graph))
        padded = read(program.evaluate_step(state, program.place(Batch(whole.images, whole.labels, weights))))
        short = Batch(whole.images[:4], whole.labels[:4], weights[:4])
        assert padded == pytest.approx(read(program.evaluate_step(state, program.place(short))), rel=1e-5)
        assert padded["samples"] == 4

    def test_padding_of_weight_zero_has_no_gradient(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        whole = batch_of(graph, size=6)
        weights = np.array([1, 1, 1, 1, 0, 0], np.float32)
        padded, short = (
            self._gradients(build(backend, graph), graph, batch)
            for batch in (
                Batch(whole.images, whole.labels, weights),
                Batch(whole.images[:4], whole.labels[:4], weights[:4]),
            )
        )
        assert_close(padded, short, 1e-5)

    @pytest.mark.parametrize(
        ("mixed", "important", "parts"), [(True, False, 1), (False, True, 1), (True, True, 2)], ids=str
    )
    def test_second_targets_and_importance_are_in_the_loss_alone(
        self, backend: Backend, mixed: bool, important: bool, parts: int
    ) -> None:
        graph, precision = two_headed(), "fp64" if "fp64" in backend.capabilities().precisions else "fp32"
        require_ops(backend, graph)
        batch = with_targets(batch_of(graph), graph.classes, mixed=mixed, important=important)
        found, expected, plain = (
            self._step(build(chosen, graph, precision=kind, accumulate=count), graph, given)
            for chosen, kind, count, given in (
                (backend, precision, parts, batch),
                (reference(), "fp64", 1, batch),
                (reference(), "fp64", 1, batch_of(graph)),
            )
        )
        assert_close(found[0], expected[0], GRADIENT_TOLERANCE[precision])
        assert found[1] == pytest.approx(expected[1], rel=GRADIENT_TOLERANCE[precision])
        hits = SCORE_NAMES[1:]
        assert [found[1][name] for name in hits] == pytest.approx([plain[1][name] for name in hits])
        assert found[1]["loss"] != pytest.approx(plain[1]["loss"])

    def test_scores_are_sums_and_agree_with_the_reference(self, backend: Backend) -> None:
        graph = graph_of(after_many_classes(), classes=12)
        self._assert_scores_agree(backend, graph, batch_of(graph, size=32))

    def test_among_equal_logits_the_lower_class_comes_first(self, backend: Backend) -> None:
        graph = graph_of(after_many_classes(), classes=12)
        arrays = {name: np.zeros_like(array) for name, array in weights_of(graph).items()}
        labels = np.array([0, 1, 4, 5, 11], np.int32)
        images = batch_of(graph, size=5).images
        program = build(backend, graph)
        batch = program.place(Batch(images, labels, np.ones(5, np.float32)))
        scores = read(program.evaluate_step(program.load(arrays), batch))
        assert (scores["correct"], scores["top5"]) == (1, 3)
        assert scores["loss"] == pytest.approx(5 * np.log(12), rel=1e-5)

    def test_the_seed_and_the_step_decide_dropout_and_nothing_else_does(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["dropout-of-features"])
        require_ops(backend, graph)

        def losses(seed: int, step: int, disturb: bool = False) -> float:
            program = build(backend, graph, seed=seed)
            state, batch = program.load(weights_of(graph)), program.place(batch_of(graph))
            if disturb:
                program.train_step(program.load(weights_of(graph)), batch, 0.1, step + 5)
            return read(program.train_step(state, batch, 0.1, step)[1])["loss"]

        assert losses(7, 3) == losses(7, 3) == losses(7, 3, disturb=True)
        assert len({losses(7, 3), losses(8, 3), losses(7, 4)}) == 3

    def test_predictions_come_for_any_number_of_pictures_and_any_tap(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["concat"])
        program = build(backend, graph)
        state = program.load(weights_of(graph))
        images = batch_of(graph, size=5).images
        whole = program.predict(state, images, ["tested", "first"])
        assert whole.keys() == {"logits", "tested", "first"}
        for layer, array in whole.items():
            assert array.shape == (5, *graph.layer(layer).output)
        for count in (1, 3):
            part = program.predict(state, images[:count])
            assert part.keys() == {"logits"}
            assert error_of(part["logits"], whole["logits"][:count]) < 1e-5

    @pytest.mark.parametrize("case", ["concat", "batch-norm", "transformer"])
    def test_gradients_of_logits_by_activations_agree_with_the_reference(self, backend: Backend, case: str) -> None:
        graph = graph_of(OP_CASES[case])
        require_ops(backend, graph)
        images, arrays = batch_of(graph, size=3).images, weights_of(graph)
        classes = np.array([2, 0, 3], np.int32)
        taps = [layer.name for layer in graph.needed_for([graph.output])]
        program = build(backend, graph)
        try:
            found = program.gradients(program.load(arrays), images, classes, taps)
        except CapabilityMissing as missing:
            pytest.skip(str(missing))
        exact = build(reference(), graph, precision="fp64")
        assert_close(found, exact.gradients(exact.load(arrays), images, classes, taps), GRADIENT_TOLERANCE["fp32"])

    def _first_gradients(self, backend: Backend, graph: Graph, precision: str) -> Arrays:
        return self._gradients(build(backend, graph, precision=precision), graph, batch_of(graph))

    def _gradients(self, program: Program, graph: Graph, batch: Batch, arrays: Arrays | None = None) -> Arrays:
        return self._step(program, graph, batch, arrays)[0]

    def _step(
        self, program: Program, graph: Graph, batch: Batch, arrays: Arrays | None = None
    ) -> tuple[Arrays, dict[str, float]]:
        """Gradients, read off the velocity after one step without momentum and decay, moved statistics, and scores."""
        state, scores = program.train_step(program.load(arrays or weights_of(graph)), program.place(batch), 0.0, 3)
        numbers, saved = read(scores), program.save(state)
        statistics = {name for name, parameter in graph.parameters.items() if not parameter.trainable}
        kept = {name: array for name, array in saved.items() if name.startswith("solver/") or name in statistics}
        return kept, numbers

    def _assert_scores_agree(self, backend: Backend, graph: Graph, batch: Batch) -> None:
        found, expected = (
            read(program.evaluate_step(program.load(weights_of(graph)), program.place(batch)))
            for program in (build(backend, graph), build(reference(), graph, precision="fp64"))
        )
        assert found == pytest.approx(expected, rel=1e-5)
        assert found["samples"] == len(batch.labels)


def after_many_classes() -> list[dict[str, Any]]:
    """A linear classifier of twelve classes."""
    return [{"name": "logits", "op": "dense", "units": 12, "kernel_initializer": "he_normal"}]
