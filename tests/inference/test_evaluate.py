"""Scores are those of calculations by hand."""

import numpy as np
import pytest

from digits_core.inference.calibration import BINS, Reliability
from digits_core.inference.evaluate import Scorer
from digits_core.inference.intervals import wilson

LOGITS = np.array([[1, 0, 0], [0, 2, 0], [0, 0, 3], [5, 0, 0]], np.float32)
#: The dataset's classes: b is 0, a is 1, and 2 is one that the model does not know.
LABELS = np.array([1, 0, 0, 2], np.int32)


@pytest.fixture
def found():
    scorer = Scorer(("a", "b", "c"), ("b", "a", "stranger"))
    scorer.add(LOGITS[:3], LABELS[:3])
    scorer.add(LOGITS[3:], LABELS[3:])
    assert scorer.seen == 4
    return scorer.evaluation()


def test_loss_accuracy_and_confusion(found):
    assert (found.samples, found.unknown, found.unknown_labels) == (3, 1, {"stranger": 1})
    assert found.confusion == ((1, 0, 0), (0, 1, 1), (0, 0, 0))
    assert found.accuracy == pytest.approx(2 / 3)
    losses = [np.log(np.e + 2) - 1, np.log(np.e**2 + 2) - 2, np.log(np.e**3 + 2)]
    assert found.loss == pytest.approx(np.mean(losses))


def test_scores_of_a_class_and_their_means(found):
    a, b, c = found.per_class
    assert (b.precision, b.recall, b.support) == (1.0, 0.5, 2)
    assert b.f1 == pytest.approx(2 / 3)
    assert (c.precision, c.recall, c.f1, c.support) == (0, 0, 0, 0)
    assert c.recall_interval == (0, 1) and c.precision_interval == wilson(0, 1)
    # Class c has no pictures, and does not count.
    assert found.macro.recall == pytest.approx((1 + 0.5) / 2)
    assert found.macro.f1 == pytest.approx((a.f1 + b.f1) / 2)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_the_literature(hits, count, low, high):
    assert wilson(hits, count) == pytest.approx((low, high), abs=5e-5)


def test_wilson_intervals_contain_what_was_measured_and_of_nothing_everything():
    assert wilson(0, 0) == (0, 1)
    for count in (1, 2, 7, 1000):
        for hits in {0, 1, count // 2, count}:
            low, high = wilson(hits, count)
            assert 0 <= low <= hits / count <= high <= 1


def test_intervals_contain_the_true_scores_as_often_as_they_say():
    generator, classes = np.random.default_rng(0), 5
    names = tuple("abcde")

    def scored(count):
        logits = generator.normal(0, 3, (count, classes)).astype(np.float32)
        chances = np.exp(0.6 * logits)  # the model is too sure of itself
        chances /= chances.sum(axis=1, keepdims=True)
        truth = (chances.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
        scorer = Scorer(names, names)
        scorer.add(logits, truth.astype(np.int32))
        return scorer.evaluation()

    def numbers(found):
        macro, one, calibration = found.macro, found.per_class[0], found.calibration
        return {
            "loss": (found.loss, found.loss_interval),
            "f1": (one.f1, one.f1_interval),
            "precision": (macro.precision, macro.precision_interval),
            "recall": (macro.recall, macro.recall_interval),
            "macro f1": (macro.f1, macro.f1_interval),
            "calibration": (calibration.error, calibration.error_interval),
        }

    true, measured = numbers(scored(200_000)), [numbers(scored(200)) for _ in range(150)]
    for name, (value, _) in true.items():
        held = np.mean([low <= value <= high for low, high in (one[name][1] for one in measured)])
        assert held > 0.89, (name, held)
        assert name == "calibration" or held < 0.995, (name, held)
        assert all(low <= own <= high for own, (low, high) in (one[name] for one in measured))


def test_a_model_that_makes_no_mistake_is_not_known_to_be_perfect():
    scorer = Scorer(("a", "b"), ("a", "b"))
    scorer.add(np.array([[9, 0], [0, 9]] * 5, np.float32), np.array([0, 1] * 5, np.int32))
    perfect = scorer.evaluation()
    for score, (low, high) in (
        (perfect.macro.f1, perfect.macro.f1_interval),
        (perfect.macro.recall, perfect.macro.recall_interval),
        (perfect.per_class[0].f1, perfect.per_class[0].f1_interval),
    ):
        assert score == pytest.approx(high) == 1 and 0.6 < low < 0.9
    assert Scorer(("a", "b"), ("a", "b")).evaluation().loss_interval is None


def test_calibration_is_the_weighted_distance_of_probability_and_accuracy():
    reliability = Reliability()
    reliability.add(np.array([0.8, 0.8, 0.8, 0.8]), np.array([True, True, False, False]))
    reliability.add(np.array([1.0, 1 / BINS]), np.array([True, False]))
    found = reliability.calibration()
    assert found.error == pytest.approx((4 * 0.3 + 1 * 0.0 + 1 / BINS) / 6)
    assert found.largest == pytest.approx(0.3)
    assert [one.count for one in found.bins if one.count] == [1, 4, 1]
    # A probability at the edge of two bins belongs to the lower one.
    assert found.bins[0].count == 1 and found.bins[-1].high == 1.0


def test_outputs_beyond_the_classes_count_in_the_loss_and_are_never_guessed():
    scorer = Scorer(("a", "b"), ("a", "b"))
    scorer.add(np.array([[1, 0, 9]], np.float32), np.array([0], np.int32))
    found = scorer.evaluation()
    assert found.accuracy == 1 and found.loss == pytest.approx(np.log(np.e + 1 + np.e**9) - 1)
