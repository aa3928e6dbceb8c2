"""What every format of TensorFlow is written from: a traced function from pictures to probabilities."""

from __future__ import annotations

from typing import Any

import digits_tensorflow
from digits_core.contracts.exporter import Deployable
from digits_tensorflow.framework import tf

#: Names of the input and the output.
IMAGES, PROBABILITIES = "images", "probabilities"


def traced_classifier(model: Deployable, dtype: tf.DType) -> tuple[tf.Module, Any]:
    """The module with the weights, and its concrete function for any number of pictures.

    Args:
        model: The network and its weights.
        dtype: The number format of pictures; their values are 0 to 255 in any.
    """
    module = digits_tensorflow.module(model.graph, model.arrays)
    taken = model.graph.input
    pictures = tf.TensorSpec([None, taken.height, taken.width, taken.channels], dtype, name=IMAGES)

    @tf.function(input_signature=[pictures])
    def classify(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {PROBABILITIES: tf.nn.softmax(module(images))}

    return module, classify.get_concrete_function()
