"""The conformance kit catches what it is for."""

from pathlib import Path

import pytest

from digits_core.graph.ops import OPS
from digits_core.spec.solver import SOLVERS
from tests.testing.op_faults import OP_FAULTS

AVERAGE = "test_a_moving_average_of_the_weights_is_kept_and_is_what_evaluates_and_predicts"
FROZEN = "test_a_frozen_layer_stays_as_it_is_and_the_others_step_as_the_reference_does"
FAULTS = {
    "WrongPadding": "test_an_op_forward_agrees_with_the_reference[fp32-conv-asymmetric-padding]",
    "ForgottenSlot": "test_a_run_goes_on_bit_equal_from_what_was_saved_at_any_step[sgd]",
    "UnsavedSlot": "test_absent_slots_start_at_zero_and_every_slot_is_saved[adam]",
    "LeakingSeed": "test_the_seed_and_the_step_decide_dropout_and_nothing_else_does",
    "EvaluationMovesStatistics": "test_evaluation_and_prediction_do_not_touch_the_state",
    "PaddingCounts": "test_padding_of_weight_zero_counts_nowhere",
    "MeanInsteadOfSum": "test_scores_are_sums_and_agree_with_the_reference",
    "WeightedHeads": "test_several_weighted_losses_add_up",
    "ImportanceNormalised": "test_second_targets_and_importance_are_in_the_loss_alone[False-True-1]",
    "SecondTargetInHits": "test_second_targets_and_importance_are_in_the_loss_alone[True-False-1]",
    "RateInsideMomentum": "test_a_solver_steps_as_the_reference_does[fp32-sgd]",
    "SavedViews": "test_what_was_saved_does_not_change_with_later_steps",
    "InvertedBatchNormMomentum": "test_an_ops_gradients_agree_with_the_reference[fp32-batch-norm]",
    "DecayOnEverything": "test_a_solver_steps_as_the_reference_does[fp32-nesterov]",
    "DecayInTheGradient": "test_a_solver_steps_as_the_reference_does[fp32-adamw]",
    "EpsilonInsideTheRoot": "test_a_solver_steps_as_the_reference_does[fp64-rmsprop]",
    "SumOfOneStep": "test_a_solver_steps_as_the_reference_does[fp32-adagrad]",
    "StepsOfGradients": "test_a_solver_steps_as_the_reference_does[fp32-adadelta]",
    "LionRemembersFirst": "test_a_solver_steps_as_the_reference_does[fp32-lion]",
    "BiasesHaveARateOfTheirOwn": "test_a_solver_steps_as_the_reference_does[fp32-lamb]",
    "DecayOutsideTheNorm": "test_a_solver_steps_as_the_reference_does[fp32-lars]",
    "AverageOfTheWeightsBefore": AVERAGE,
    "AverageIsNotShown": AVERAGE,
    "FrozenNormMoves": f"{FROZEN}[layers-between]",
    "FrozenWeightsDecay": f"{FROZEN}[the-first-layer]",
    "GradientOfTheFirstLogit": "test_gradients_of_logits_by_activations_agree_with_the_reference[concat]",
    "LastMaximumWins": "test_among_equal_elements_of_a_window_the_first_has_the_gradient[max-pool]",
    "TanhGelu": "test_an_op_forward_agrees_with_the_reference[fp64-activations]",
    "DepthOfThePart": "test_a_batch_in_parts_steps_as_the_reference_does[False-2]",
    "InterleavedHeads": "test_an_op_forward_agrees_with_the_reference[fp32-transformer]",
    "GateOfOnePlace": "test_an_ops_gradients_agree_with_the_reference[fp32-mobile]",
    "UnbiasedLayerNorm": "test_an_op_forward_agrees_with_the_reference[fp32-next]",
    "ColoursReversed": "test_an_op_forward_agrees_with_the_reference[fp32-input]",
    "FiltersTakeTurns": "test_an_op_forward_agrees_with_the_reference[fp32-conv-depthwise]",
    "PaddingIsNoPixel": "test_an_op_forward_agrees_with_the_reference[fp32-average-pool-padding]",
    "SumOverThePicture": "test_an_op_forward_agrees_with_the_reference[fp32-global-average-pool]",
    "MeanOfDense": "test_an_ops_gradients_agree_with_the_reference[fp32-dense]",
    "ReluLeaks": "test_an_op_forward_agrees_with_the_reference[fp32-relu]",
    "Relu6WithoutItsEnd": "test_an_op_forward_agrees_with_the_reference[fp32-activations]",
    "TanhSlopeOfX": "test_an_ops_gradients_agree_with_the_reference[fp32-tanh]",
    "SigmoidSlopeOfY": "test_an_ops_gradients_agree_with_the_reference[fp32-sigmoid]",
    "SiluSlopeOfSigmoid": "test_an_ops_gradients_agree_with_the_reference[fp32-activations]",
    "SteepHardSigmoid": "test_an_op_forward_agrees_with_the_reference[fp32-activations]",
    "SteepHardSwish": "test_an_op_forward_agrees_with_the_reference[fp32-activations]",
    "AlphaOfEachNeighbour": "test_an_op_forward_agrees_with_the_reference[fp32-lrn]",
    "MeanOfScale": "test_an_ops_gradients_agree_with_the_reference[fp32-next]",
    "ConcatBackToFront": "test_an_ops_gradients_agree_with_the_reference[fp32-concat]",
    "AddForgetsTheLast": "test_an_ops_gradients_agree_with_the_reference[fp32-add]",
    "FlattenChannelsLast": "test_an_op_forward_agrees_with_the_reference[fp32-flatten]",
    "TokensByColumns": "test_an_op_forward_agrees_with_the_reference[fp32-sequence]",
    "MeanOfPosition": "test_an_ops_gradients_agree_with_the_reference[fp32-sequence]",
    "AlwaysTheFirstToken": "test_an_op_forward_agrees_with_the_reference[fp32-sequence]",
    "SoftmaxOfEachAlone": "test_an_ops_gradients_agree_with_the_reference[fp32-softmax]",
}

#: Where one graph tests several operations: what the report says besides.
NAMED = {
    "TanhGelu": "*'gelu': *",
    "InterleavedHeads": "*'attention': *",
    "GateOfOnePlace": "*/depthwise-active-excite/kernel': *",
    "UnbiasedLayerNorm": "*'norm': *",
    "Relu6WithoutItsEnd": "*'relu6': *",
    "SiluSlopeOfSigmoid": "*/to-silu/kernel': *",
    "SteepHardSigmoid": "*'hard_sigmoid': *",
    "SteepHardSwish": "*'hard_swish': *",
    "MeanOfScale": "*/scale-of-features/scale': *",
    "TokensByColumns": "*'tokens': *",
    "MeanOfPosition": "*/position/embedding': *",
    "AlwaysTheFirstToken": "*'token': *",
}

#: Operations whose fault is planted where a program uses them.
USED_WRONGLY = {
    "max_pool": "LastMaximumWins",
    "batch_norm": "InvertedBatchNormMomentum",
    "dropout": "LeakingSeed",
}

SUITE = """
import pytest
from digits_core.testing.backend_suite import BackendSuite
from faults import backend_with

class TestFaulty(BackendSuite):
    @pytest.fixture
    def backend(self):
        return backend_with({fault!r})
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault, pytester):
    pytester.syspathinsert(Path(__file__).parent)
    file = pytester.makepyfile(SUITE.format(fault=fault))
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", f"{file}::TestFaulty::{FAULTS[fault]}")
    result.stdout.fnmatch_lines([NAMED.get(fault, "*")])
    result.stdout.fnmatch_lines([f"FAILED *{FAULTS[fault].replace('[', '[[]')}*"])


def test_every_planted_fault_has_its_test():
    from tests.testing import faults

    assert faults.FAULTS.keys() == FAULTS.keys()


def test_every_operation_and_every_solver_of_the_core_has_a_planted_fault():
    assert {kind for kind, _ in OP_FAULTS.values()} | USED_WRONGLY.keys() == OPS.keys()
    assert set(USED_WRONGLY.values()) <= FAULTS.keys()
    cases = {test.partition("[")[2].rstrip("]").rpartition("-")[2] for test in FAULTS.values()}
    assert SOLVERS.keys() <= cases
