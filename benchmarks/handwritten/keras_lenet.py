"""LeNet in Keras 3 and its `fit`, as its guide teaches; the framework is chosen by ``KERAS_BACKEND``."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt

from digits_core.spec.solver import Sgd


def make_fit(
    images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32], batch: int, solver: Sgd
) -> Callable[[], float]:
    """One epoch of `fit` over ``images`` uint8 ``[N, 28, 28, 1]``; returns images per second."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(20, 5),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(50, 5),
            keras.layers.MaxPooling2D(2),
            keras.layers.Permute((3, 1, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(500, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    optimizer = keras.optimizers.SGD(solver.rate, momentum=solver.momentum, weight_decay=solver.weight_decay)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss)
    pictures = (images - images.mean(axis=0, dtype=np.float32)) / np.float32(80)

    def run() -> float:
        started = time.perf_counter()
        model.fit(pictures, labels, batch_size=batch, epochs=1, verbose=0)
        return len(pictures) / (time.perf_counter() - started)

    return run
