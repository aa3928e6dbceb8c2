"""``openvino``: the intermediate representation of OpenVINO, a folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import openvino

from digits_core.contracts.claims import require_portable
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities, run_in_parts
from digits_onnx.model import onnx_model

FILE = "model.xml"


class OpenVinoExporter(Exporter):
    """``model.xml`` with the network, and ``model.bin`` with its weights, in fp16 if wanted.

    Read it with ``openvino.Core().compile_model("model.xml")``. The number of pictures is free.
    """

    name: ClassVar = "openvino"
    suffix: ClassVar = ""
    precisions: ClassVar = ("fp32", "fp16")

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Have OpenVINO read the network as ONNX, and save it."""
        require_portable(model.graph, self.name)
        written = onnx_model(model.graph, model.arrays, [], softmax=True)
        network = openvino.Core().read_model(written.SerializeToString(), b"")
        destination.mkdir()
        openvino.save_model(network, str(destination / FILE), compress_to_fp16=options.precision == "fp16")

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Read it back, compile it for the processor and run it in fp32."""
        exact = {"INFERENCE_PRECISION_HINT": "f32"}  # otherwise some processors compute in bf16
        network = openvino.Core().compile_model(str(destination / FILE), "CPU", exact)
        return run_in_parts(lambda part: network(part)[0], images)
