"""The conformance kit of backends: subclass, give a backend, run pytest.

::

    class TestMyBackend(BackendSuite):
        @pytest.fixture
        def backend(self):
            return MyBackend()

What a backend does not claim is skipped with a sentence; what it claims must agree with the reference in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from digits_core.contracts.backend import (
    HEAD_PREFIX,
    Arrays,
    Backend,
    Batch,
    BuildContext,
    Program,
    Scores,
    State,
    score_names,
    slot_name,
)
from digits_core.errors import CapabilityMissing, DigitsError
from digits_core.graph.graph import Graph, LayerSpec
from digits_core.graph.ops import Dense, Input, Op
from digits_core.hooks.registry import discover
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SOLVERS, Sgd, SolverBase
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, two_headed, weights_of

#: Largest error relative to the largest element of the reference, forward.
FORWARD_TOLERANCE = {"fp32": 1e-5, "fp64": 1e-10}
#: The same for gradients and for weights after some steps.
GRADIENT_TOLERANCE = {"fp32": 1e-4, "fp64": 1e-10}

RATES = (0.02, 0.01, 0.04, 0.002, 0.02)


def reference() -> Backend:
    """The numpy backend, which is the specification."""
    return discover().backends.get("numpy")()


def error_of(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Largest difference, relative to the largest element that is expected; infinite where shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    scale = max(float(np.abs(expected).max(initial=0)), 1e-6)
    return float(np.abs(found.astype(np.float64) - expected).max(initial=0)) / scale


def build(
    backend: Backend,
    graph: Graph,
    solver: SolverBase | None = None,
    precision: str = "fp32",
    seed: int = 7,
    accumulate: int = 1,
) -> Program:
    """A program on the backend's first device."""
    options = BackendOptions.model_validate({"precision": precision, "accumulate": accumulate})
    context = BuildContext(backend.devices()[0], seed=seed)
    return backend.build(graph, solver or Sgd(rate=0.1, momentum=0.0, decay=0.0), options, context)


def read(scores: Scores) -> dict[str, float]:
    """Scores as numbers."""
    return {name: float(score) for name, score in scores.items()}


class Run:
    """A program with its state, stepped over batches that depend on the step only."""

    def __init__(self, program: Program, graph: Graph, arrays: Arrays, first_step: int = 0) -> None:
        self.program, self.graph, self.step = program, graph, first_step
        self.state: State = program.load(arrays)

    def advance(self, rates: Sequence[float]) -> list[dict[str, float]]:
        """Train one step per rate and give the scores."""
        scores = []
        for rate in rates:
            batch = self.program.place(batch_of(self.graph, seed=self.step))
            self.state, found = self.program.train_step(self.state, batch, rate, self.step)
            scores.append(read(found))
            self.step += 1
        return scores

    def arrays(self) -> Arrays:
        """Everything it has learned."""
        return self.program.save(self.state)


def _require_ops(backend: Backend, graph: Graph) -> None:
    missing = {layer.op.kind for layer in graph.layers} - backend.capabilities().ops
    if missing:
        pytest.skip(f"backend {backend.name} does not claim {', '.join(sorted(missing))}")


def _require_precision(backend: Backend, precision: str) -> None:
    if precision not in backend.capabilities().precisions:
        pytest.skip(f"backend {backend.name} does not claim {precision}")


def _assert_close(found: Arrays, expected: Arrays, tolerance: float) -> None:
    assert found.keys() == expected.keys()
    errors = {name: error_of(found[name], expected[name]) for name in expected}
    too_large = {name: error for name, error in errors.items() if not error <= tolerance}
    assert not too_large, f"relative errors above {tolerance:g}: {too_large}"


def _assert_equal(found: Arrays, expected: Arrays) -> None:
    assert found.keys() == expected.keys()
    different = [name for name in expected if not np.array_equal(found[name], expected[name])]
    assert not different, f"not bit-equal: {different}"


both_precisions = pytest.mark.parametrize("precision", ["fp32", "fp64"])
every_op = pytest.mark.parametrize("case", OP_CASES)
every_solver = pytest.mark.parametrize("solver_name", SOLVERS)


class BackendSuite:
    """What every backend must do; subclasses give the fixture ``backend``."""

    @pytest.fixture
    def backend(self) -> Backend:
        """The backend under test."""
        raise NotImplementedError("Give your backend in a fixture called backend.")

    @every_op
    @both_precisions
    def test_an_op_forward_agrees_with_the_reference(self, backend: Backend, case: str, precision: str) -> None:
        graph = graph_of(OP_CASES[case])
        _require_ops(backend, graph)
        _require_precision(backend, precision)
        images, arrays = batch_of(graph).images, weights_of(graph)
        taps = [layer.name for layer in graph.layers]
        found, expected = (
            program.predict(program.load(arrays), images, taps)
            for program in (build(backend, graph, precision=precision), build(reference(), graph, precision="fp64"))
        )
        _assert_close(found, expected, FORWARD_TOLERANCE[precision])
        wanted = np.float64 if precision == "fp64" else np.float32
        assert {array.dtype for array in found.values()} == {np.dtype(wanted)}

    @every_op
    @both_precisions
    def test_an_ops_gradients_agree_with_the_reference(self, backend: Backend, case: str, precision: str) -> None:
        graph = graph_of(OP_CASES[case])
        _require_ops(backend, graph)
        _require_precision(backend, precision)
        found, expected = (
            self._first_gradients(backend_, graph, precision_)
            for backend_, precision_ in ((backend, precision), (reference(), "fp64"))
        )
        _assert_close(found, expected, GRADIENT_TOLERANCE[precision])

    @pytest.mark.parametrize("case", ["max-pool", "max-pool-overlapping", "max-pool-ceil-padding"])
    def test_among_equal_elements_of_a_window_the_first_has_the_gradient(self, backend: Backend, case: str) -> None:
        graph = graph_of(OP_CASES[case])
        _require_ops(backend, graph)
        arrays = weights_of(graph)
        # A kernel of zeros makes all elements equal, and its own gradient tells which of them were chosen.
        arrays["first/kernel"] = np.zeros_like(arrays["first/kernel"])
        found, expected = (
            self._gradients(build(backend_, graph, precision=precision), graph, batch_of(graph), arrays)
            for backend_, precision in ((backend, "fp32"), (reference(), "fp64"))
        )
        _assert_close(found, expected, GRADIENT_TOLERANCE["fp32"])

    def test_several_weighted_losses_add_up(self, backend: Backend) -> None:
        graph = two_headed()
        _require_ops(backend, graph)
        found, expected = (
            self._first_gradients(backend_, graph, precision)
            for backend_, precision in ((backend, "fp32"), (reference(), "fp64"))
        )
        _assert_close(found, expected, GRADIENT_TOLERANCE["fp32"])
        self._assert_scores_agree(backend, graph, batch_of(graph))
        (scores,) = Run(build(backend, graph, accumulate=2), graph, weights_of(graph)).advance([0.1])
        assert set(scores) == set(score_names(graph)), "each head has a loss of its own"
        own = (loss.weight * scores[f"{HEAD_PREFIX}{loss.logits}"] for loss in graph.losses)
        assert sum(own) == pytest.approx(scores["loss"], rel=1e-5)

    def test_the_output_may_be_without_a_loss(self, backend: Backend) -> None:
        graph = two_headed(losses=[{"logits": "side"}])
        _require_ops(backend, graph)
        scores = []
        for backend_, precision in ((backend, "fp32"), (reference(), "fp64")):
            run = Run(build(backend_, graph, precision=precision), graph, weights_of(graph))
            scores.append(run.advance([0.1])[0])
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)

    @every_solver
    @both_precisions
    def test_a_solver_steps_as_the_reference_does(self, backend: Backend, solver_name: str, precision: str) -> None:
        self._require_solver(backend, solver_name)
        _require_precision(backend, precision)
        graph = multiplied()
        _require_ops(backend, graph)
        solver = SOLVERS[solver_name](rate=0.1, decay=0.01)
        tolerance = GRADIENT_TOLERANCE[precision]
        runs = [
            Run(build(backend_, graph, solver, precision_), graph, weights_of(graph))
            for backend_, precision_ in ((backend, precision), (reference(), "fp64"))
        ]
        for rate in RATES:
            found, expected = (run.advance([rate])[0] for run in runs)
            assert found["loss"] == pytest.approx(expected["loss"], rel=tolerance)
        found_arrays, expected_arrays = (run.arrays() for run in runs)
        _assert_close(found_arrays, expected_arrays, tolerance)

    @every_solver
    def test_a_clipped_gradient_steps_as_the_reference_does(self, backend: Backend, solver_name: str) -> None:
        self._require_solver(backend, solver_name)
        graph = multiplied()
        solver = SOLVERS[solver_name](rate=0.01, clip=0.05)
        found, expected = (
            Run(build(chosen, graph, solver, precision), graph, weights_of(graph))
            for chosen, precision in ((backend, "fp32"), (reference(), "fp64"))
        )
        found.advance(RATES[:3])
        expected.advance(RATES[:3])
        _assert_close(found.arrays(), expected.arrays(), GRADIENT_TOLERANCE["fp32"])

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
        _assert_close(found.arrays(), expected.arrays(), GRADIENT_TOLERANCE["fp32"])
        assert scores == [pytest.approx(score, rel=1e-5) for score in wanted]

    @pytest.mark.parametrize("precision", ["bf16", "fp16"])
    def test_half_precision_stays_near_and_keeps_weights_in_fp32(self, backend: Backend, precision: str) -> None:
        _require_precision(backend, precision)
        graph, solver = multiplied(), Sgd(rate=0.001)
        half, full = (
            Run(build(backend, graph, solver, kind), graph, weights_of(graph)) for kind in (precision, "fp32")
        )
        near, exact = half.advance(RATES[:4]), full.advance(RATES[:4])
        losses = [score["loss"] for score in near]
        assert losses == pytest.approx([score["loss"] for score in exact], rel=3e-2)
        assert losses != [score["loss"] for score in exact], "it computed in fp32"
        assert {array.dtype for array in half.arrays().values()} == {np.dtype(np.float32)}

    @every_solver
    def test_a_run_goes_on_bit_equal_from_what_was_saved_at_any_step(self, backend: Backend, solver_name: str) -> None:
        self._require_solver(backend, solver_name)
        if not backend.capabilities().deterministic:
            pytest.skip(f"backend {backend.name} does not claim to be deterministic")
        graph = multiplied()
        _require_ops(backend, graph)
        program = build(backend, graph, SOLVERS[solver_name](rate=0.1, decay=0.01))
        unbroken = Run(program, graph, weights_of(graph))
        saved = [unbroken.arrays()]
        for rate in RATES:
            unbroken.advance([rate])
            saved.append(unbroken.arrays())
        for step, arrays in enumerate(saved):
            resumed = Run(program, graph, arrays, first_step=step)
            resumed.advance(RATES[step:])
            _assert_equal(resumed.arrays(), saved[-1])

    @every_solver
    def test_a_state_of_the_reference_goes_on_in_this_backend(self, backend: Backend, solver_name: str) -> None:
        self._require_solver(backend, solver_name)
        graph = multiplied()
        _require_ops(backend, graph)
        solver = SOLVERS[solver_name](rate=0.1, decay=0.01)
        start = Run(build(reference(), graph, solver, "fp64"), graph, weights_of(graph))
        start.advance(RATES[:2])
        arrays = {name: array.astype(np.float32) for name, array in start.arrays().items()}
        resumed = Run(build(backend, graph, solver), graph, arrays, first_step=2)
        resumed.advance(RATES[2:])
        start.advance(RATES[2:])
        _assert_close(resumed.arrays(), start.arrays(), GRADIENT_TOLERANCE["fp32"])

    @every_solver
    def test_absent_slots_start_at_zero_and_every_slot_is_saved(self, backend: Backend, solver_name: str) -> None:
        self._require_solver(backend, solver_name)
        graph = multiplied()
        _require_ops(backend, graph)
        run = Run(build(backend, graph, SOLVERS[solver_name]()), graph, weights_of(graph))
        trainable = [name for name, parameter in graph.parameters.items() if parameter.trainable]
        slots = {slot_name(slot, name) for slot in SOLVERS[solver_name].slots for name in trainable}
        before = run.arrays()
        assert before.keys() == graph.parameters.keys() | slots
        assert not any(before[slot].any() for slot in slots)
        run.advance([0.1])
        after = run.arrays()
        assert all(after[slot].any() for slot in slots)

    def test_weights_come_back_as_they_were_loaded(self, backend: Backend) -> None:
        for layers in OP_CASES.values():
            graph = graph_of(layers)
            if {layer.op.kind for layer in graph.layers} <= backend.capabilities().ops:
                program, arrays = build(backend, graph), weights_of(graph)
                saved = program.save(program.load(arrays))
                _assert_equal({name: saved[name] for name in arrays}, arrays)
                assert {array.dtype for array in saved.values()} == {np.dtype(np.float32)}
                assert all(array.flags.c_contiguous for array in saved.values())

    def test_what_was_saved_does_not_change_with_later_steps(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        run = Run(build(backend, graph), graph, weights_of(graph))
        saved = run.arrays()
        copies = {name: array.copy() for name, array in saved.items()}
        run.advance(RATES)
        _assert_equal(saved, copies)

    def test_loading_does_not_keep_or_change_the_callers_arrays(self, backend: Backend) -> None:
        graph = multiplied()
        _require_ops(backend, graph)
        arrays = weights_of(graph)
        copies = {name: array.copy() for name, array in arrays.items()}
        Run(build(backend, graph), graph, arrays).advance(RATES)
        _assert_equal(arrays, copies)

    def test_two_states_of_one_program_do_not_disturb_each_other(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        program = build(backend, graph)
        alone, first, second = (Run(program, graph, weights_of(graph, seed)) for seed in (0, 0, 1))
        alone.advance(RATES)
        for rate in RATES:
            first.advance([rate])
            second.advance([rate])
        _assert_equal(first.arrays(), alone.arrays())

    def test_evaluation_and_prediction_do_not_touch_the_state(self, backend: Backend) -> None:
        graph = multiplied()
        _require_ops(backend, graph)
        program = build(backend, graph)
        disturbed, calm = (Run(program, graph, weights_of(graph)) for _ in range(2))
        for rate in RATES:
            batch = batch_of(graph, seed=99)
            before = disturbed.arrays()
            read(program.evaluate_step(disturbed.state, program.place(batch)))
            program.predict(disturbed.state, batch.images, ["drop"])
            _assert_equal(disturbed.arrays(), before)
            disturbed.advance([rate])
            calm.advance([rate])
        _assert_equal(disturbed.arrays(), calm.arrays())

    def test_evaluation_agrees_with_the_reference_after_some_steps(self, backend: Backend) -> None:
        graph = multiplied()
        _require_ops(backend, graph)
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
        _assert_close(padded, short, 1e-5)

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
        _require_ops(backend, graph)

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

    def test_a_batch_may_be_placed_from_another_thread(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        program = build(backend, graph)
        placed: list[Any] = []
        thread = Thread(target=lambda: placed.append(program.place(batch_of(graph))))
        thread.start()
        thread.join()
        state = program.load(weights_of(graph))
        here = read(program.evaluate_step(state, program.place(batch_of(graph))))
        assert read(program.evaluate_step(state, placed[0])) == here

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

    def test_devices_make_sense(self, backend: Backend) -> None:
        devices = backend.devices()
        assert devices
        assert {device.kind for device in devices} <= backend.capabilities().device_kinds
        assert len({device.id for device in devices}) == len(devices)

    def _require_solver(self, backend: Backend, solver: str) -> None:
        if solver not in backend.capabilities().solvers:
            pytest.skip(f"backend {backend.name} does not claim {solver}")

    def _first_gradients(self, backend: Backend, graph: Graph, precision: str) -> Arrays:
        return self._gradients(build(backend, graph, precision=precision), graph, batch_of(graph))

    def _gradients(self, program: Program, graph: Graph, batch: Batch, arrays: Arrays | None = None) -> Arrays:
        """Gradients, read off the velocity after one step without momentum and decay, and moved statistics."""
        state, scores = program.train_step(program.load(arrays or weights_of(graph)), program.place(batch), 0.0, 3)
        read(scores)
        saved = program.save(state)
        statistics = {name for name, parameter in graph.parameters.items() if not parameter.trainable}
        return {name: array for name, array in saved.items() if name.startswith("solver/") or name in statistics}

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
