"""The part of the conformance kit of backends that is about state: what goes in and comes out, and who may touch it."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np

from digits_core.contracts.backend import Backend
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, multiplied, weights_of
from digits_core.testing.runs import RATES, Run, assert_equal, build, read, require_ops


class StateSuite:
    """What every backend must do with the arrays that it is given; a part of `BackendSuite`."""

    def test_weights_come_back_as_they_were_loaded(self, backend: Backend) -> None:
        for layers in OP_CASES.values():
            graph = graph_of(layers)
            if {layer.op.kind for layer in graph.layers} <= backend.capabilities().ops:
                program, arrays = build(backend, graph), weights_of(graph)
                saved = program.save(program.load(arrays))
                assert_equal({name: saved[name] for name in arrays}, arrays)
                assert {array.dtype for array in saved.values()} == {np.dtype(np.float32)}
                assert all(array.flags.c_contiguous for array in saved.values())

    def test_what_was_saved_does_not_change_with_later_steps(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        run = Run(build(backend, graph), graph, weights_of(graph))
        saved = run.arrays()
        copies = {name: array.copy() for name, array in saved.items()}
        run.advance(RATES)
        assert_equal(saved, copies)

    def test_loading_does_not_keep_or_change_the_callers_arrays(self, backend: Backend) -> None:
        graph = multiplied()
        require_ops(backend, graph)
        arrays = weights_of(graph)
        copies = {name: array.copy() for name, array in arrays.items()}
        Run(build(backend, graph), graph, arrays).advance(RATES)
        assert_equal(arrays, copies)

    def test_two_states_of_one_program_do_not_disturb_each_other(self, backend: Backend) -> None:
        graph = graph_of(OP_CASES["conv"])
        program = build(backend, graph)
        alone, first, second = (Run(program, graph, weights_of(graph, seed)) for seed in (0, 0, 1))
        alone.advance(RATES)
        for rate in RATES:
            first.advance([rate])
            second.advance([rate])
        assert_equal(first.arrays(), alone.arrays())

    def test_evaluation_and_prediction_do_not_touch_the_state(self, backend: Backend) -> None:
        graph = multiplied()
        require_ops(backend, graph)
        program = build(backend, graph)
        disturbed, calm = (Run(program, graph, weights_of(graph)) for _ in range(2))
        for rate in RATES:
            batch = batch_of(graph, seed=99)
            before = disturbed.arrays()
            read(program.evaluate_step(disturbed.state, program.place(batch)))
            program.predict(disturbed.state, batch.images, ["drop"])
            assert_equal(disturbed.arrays(), before)
            disturbed.advance([rate])
            calm.advance([rate])
        assert_equal(disturbed.arrays(), calm.arrays())

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
