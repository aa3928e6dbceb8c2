"""``tensorflow-savedmodel``: a SavedModel, a folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from digits_core.contracts.claims import require_portable
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts
from digits_tensorflow.exports.classifier import PROBABILITIES, traced_classifier
from digits_tensorflow.framework import tf

SIGNATURE = "serving_default"


class SavedModelExporter(Exporter):
    """A graph with its weights, as TensorFlow Serving and TensorFlow.js take it.

    Read it with ``tf.saved_model.load(path).signatures["serving_default"]``. The number of pictures is free.
    """

    name: ClassVar = "tensorflow-savedmodel"
    suffix: ClassVar = ""

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Trace and save."""
        require_portable(model.graph, self.name, "tensorflow")
        module, classify = traced_classifier(model)
        tf.saved_model.save(module, str(destination), signatures={SIGNATURE: classify})

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Read it back and run it."""
        classify = tf.saved_model.load(str(destination)).signatures[SIGNATURE]
        return run_in_parts(lambda part: classify(tf.constant(part))[PROBABILITIES].numpy(), images)
