"""Which labels a model doubts: confident mistakes, likely wrong labels, and pictures of which it is unsure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: Probabilities of N pictures, float32 ``[N, classes]``.
Probabilities = npt.NDArray[np.float32]
#: The model's number of the class that each picture is labelled with, int64 ``[N]``; -1 where it does not know it.
Truth = npt.NDArray[np.int64]
#: A picture is unsure whose first guess is ahead of the second by less, or whose entropy is above this share of the
#: greatest.
CLOSE, VAGUE = 0.2, 0.5
#: Places of pictures, int64, the most striking first.
Places = npt.NDArray[np.int64]


class WrongLabels(NamedTuple):
    """Labels that are likely wrong.

    Attributes:
        places: Which pictures, the most doubtful first.
        classes: The class that each more likely is of, int64.
        noise: Estimated share of wrong labels among all.
    """

    places: Places
    classes: npt.NDArray[np.int64]
    noise: float


def mistakes(probabilities: Probabilities, truth: Truth) -> Places:
    """Pictures that are taken for another class than they are labelled with, the surest first."""
    wrong = np.flatnonzero((truth >= 0) & (probabilities.argmax(axis=1) != truth))
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def wrong_labels(probabilities: Probabilities, truth: Truth) -> WrongLabels:
    """Labels that are likely wrong, by confident learning.

    The threshold of class j is the mean probability of j over the pictures labelled j: ``t_j = mean p_j(x)``. A picture
    counts as confidently of the most probable class among those with ``p_j(x) ≥ t_j``; where that is not its label i,
    the label is likely wrong. Counts ``C_ij``, scaled so that each row sums to the number of pictures labelled i,
    estimate the joint distribution of given and true labels, whose part off the diagonal is the noise. Pictures are
    ranked by ``p_j(x) − p_i(x)``. The probabilities should be of pictures that the model was not trained on.

    Source: Northcutt, Jiang & Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*, 2021,
    https://arxiv.org/abs/1911.00068.
    """
    known = np.flatnonzero(truth >= 0)
    chances, labels = probabilities[known].astype(np.float64), truth[known]
    classes = chances.shape[1]
    sizes = np.bincount(labels, minlength=classes)
    own = np.bincount(labels, chances[np.arange(len(known)), labels], classes)
    thresholds = np.where(sizes > 0, own / np.maximum(sizes, 1), np.inf)
    # Means of equal numbers may be larger than each of them by their last bit.
    sure = chances >= thresholds - 1e-9
    likely = np.where(sure, chances, -1).argmax(axis=1)
    counted = np.flatnonzero(sure.any(axis=1))
    joint = np.zeros((classes, classes))
    np.add.at(joint, (labels[counted], likely[counted]), 1)
    doubtful = counted[likely[counted] != labels[counted]]
    margin = chances[doubtful, likely[doubtful]] - chances[doubtful, labels[doubtful]]
    doubtful = doubtful[np.argsort(-margin, kind="stable")]
    return WrongLabels(known[doubtful], likely[doubtful], _noise(joint, sizes))


def _noise(joint: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64]) -> float:
    scaled = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1) * sizes[:, None]
    return float(1 - np.trace(scaled) / scaled.sum()) if scaled.any() else 0.0


def margins(probabilities: Probabilities) -> npt.NDArray[np.float32]:
    """How far the most probable class is ahead of the second, ``[N]``, from 0 to 1."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities), np.float32)
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    ahead: npt.NDArray[np.float32] = top[:, 1] - top[:, 0]
    return ahead


def entropies(probabilities: Probabilities) -> npt.NDArray[np.float32]:
    """``−Σ p·log p / log classes``, ``[N]``: from 0, sure, to 1, no idea."""
    chances = probabilities.astype(np.float64)
    surprise = -(chances * np.log(np.where(chances > 0, chances, 1))).sum(axis=1)
    shares: npt.NDArray[np.float32] = (surprise / np.log(max(chances.shape[1], 2))).astype(np.float32)
    return shares


def unsure(probabilities: Probabilities, by: str = "margin") -> Places:
    """Pictures of which the model is not sure, the least sure first.

    Args:
        probabilities: What the model says.
        by: ``margin``: the first guess is ahead of the second by less than `CLOSE`; ``entropy``: it is above `VAGUE`.
    """
    doubt, limit = (-entropies(probabilities), -VAGUE) if by == "entropy" else (margins(probabilities), CLOSE)
    found = np.flatnonzero(doubt < limit)
    return found[np.argsort(doubt[found], kind="stable")]
