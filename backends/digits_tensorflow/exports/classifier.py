"""What every format of TensorFlow is written from: a traced function from pictures to probabilities."""

from __future__ import annotations

from typing import Any

import digits_tensorflow
from digits_core.contracts.exporter import Deployable
from digits_tensorflow.framework import tf
from digits_tensorflow.ops.op import Pass

#: Names of the input and the output.
IMAGES, PROBABILITIES = "images", "probabilities"


def traced_classifier(model: Deployable, *, whole: bool = False) -> tuple[tf.Module, Any]:
    """The module with the weights, and its concrete function for any number of pictures.

    Args:
        model: The network and its weights.
        whole: Whether it will be computed in whole numbers: pictures are then floats of 0 to 255, which a converter
            makes bytes.
    """
    module = digits_tensorflow.module(model.graph, model.arrays)
    graph, taken = model.graph, model.graph.input
    pictures = tf.TensorSpec(
        [None, taken.height, taken.width, taken.channels], tf.float32 if whole else tf.uint8, name=IMAGES
    )

    @tf.function(input_signature=[pictures])
    def classify(images: tf.Tensor) -> dict[str, tf.Tensor]:
        run = Pass(dict(module.weights), finite=whole)
        return {PROBABILITIES: tf.nn.softmax(module.forward(images, [graph.output], run)[graph.output])}

    return module, classify.get_concrete_function()
