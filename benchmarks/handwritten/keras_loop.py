"""Keras 3 and its `fit`, as its guide teaches; the framework is chosen by ``KERAS_BACKEND``."""

from __future__ import annotations

import keras
import numpy as np

from benchmarks.handwritten.keras_networks import NETWORKS
from benchmarks.handwritten.runner import AUXILIARY, SPREAD, Labels, Pixels, Precision, Runner
from digits_core.spec.solver import Sgd


def make_runner(
    network: str, images: Pixels, labels: Labels, classes: int, batch: int, solver: Sgd, precision: Precision = "fp32"
) -> Runner:
    """Train a network from random weights; pictures are float32 in memory, which is its fastest way.

    Args:
        network: Its name.
        images: uint8 ``[N, H, W, C]``.
        labels: int32 ``[N]``.
        classes: How many there are.
        batch: Pictures per step.
        solver: Rate, momentum and decay.
        precision: Number format of activations; weights are fp32.
    """
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bf16" else "float32")
    inputs = keras.Input(images.shape[1:])
    outputs = NETWORKS[network](inputs, classes)
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.SGD(solver.rate, momentum=solver.momentum, weight_decay=solver.weight_decay),
        loss=[keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in outputs],
        loss_weights=[1.0, *[AUXILIARY] * (len(outputs) - 1)],
    )
    pictures = (images - images.mean(axis=0, dtype=np.float32)) / np.float32(SPREAD)

    def steps(count: int) -> float:
        some = slice(0, count * batch)
        targets = [labels[some] for _ in outputs]
        history = model.fit(pictures[some], targets, batch_size=batch, epochs=1, verbose=0)
        return float(history.history["loss"][-1])

    return Runner(steps, sum(int(np.prod(weight.shape)) for weight in model.trainable_weights))
