"""``litert``: a LiteRT file, formerly TensorFlow Lite, for phones and small devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from digits_core.contracts.claims import require_portable
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts
from digits_core.errors import CapabilityMissing
from digits_tensorflow.exports.classifier import traced_classifier
from digits_tensorflow.framework import tf


class LiteRtExporter(Exporter):
    """A flatbuffer with weights in fp32 or fp16, or a network of whole numbers.

    In int8 activations are whole numbers as well: ranges are measured on pictures, and what comes out is uint8 of which
    256 make 1. Operations that LiteRT has for floats only, such as response normalisation, stay in fp32. The number of
    pictures is 1 until `Interpreter.resize_tensor_input` says otherwise.

    Source: Jacob et al., *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference*, 2018, https://arxiv.org/abs/1712.05877.
    """

    name: ClassVar = "litert"
    suffix: ClassVar = ".tflite"
    precisions: ClassVar = ("fp32", "fp16", "int8")

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Trace, convert and save."""
        require_portable(model.graph, self.name, "tensorflow")
        whole = options.precision == "int8"
        module, classify = traced_classifier(model, whole=whole)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([classify], module)
        if options.precision != "fp32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if options.precision == "fp16":
            converter.target_spec.supported_types = [tf.float16]
        if whole:
            _calibrate(converter, options.calibration)
        destination.write_bytes(converter.convert())

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """What the interpreter gives, as probabilities."""
        interpreter = Interpreter(str(destination))
        return run_in_parts(lambda part: _interpret(interpreter, part), images)


def _calibrate(converter: Any, pictures: npt.NDArray[np.uint8] | None) -> None:
    """Have ranges measured on ``pictures`` and everything computed in whole numbers."""
    if pictures is None or not len(pictures):
        raise CapabilityMissing("Format litert expects pictures to measure ranges of int8 on, found none.")
    pictures = pictures.copy()
    # So that the range of pixels is exactly 0 to 255, and the picture that goes in is what the network computes with.
    pictures[0, 0, 0], pictures[0, -1, -1] = 0, 255

    def samples() -> Iterator[list[npt.NDArray[np.float32]]]:
        for picture in pictures:
            yield [picture[None].astype(np.float32)]

    converter.representative_dataset = samples
    # The second is for operations that have no kernel for whole numbers, such as response normalisation.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.inference_input_type = converter.inference_output_type = tf.uint8


def _interpret(interpreter: Any, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating[Any]]:
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(taken["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], images)
    interpreter.invoke()
    found = interpreter.get_tensor(given["index"])
    scale, zero = given["quantization"]
    return (found.astype(np.float32) - zero) * scale if scale else found
