"""ONNX files: fp32, fp16 and int8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, helper

from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, run_in_parts
from digits_core.errors import SpecInvalid
from digits_onnx.model import onnx_model
from digits_onnx.ops import OPS, RUNTIME_OPS
from digits_onnx.quantization import quantize
from digits_onnx.session import open_file

DTYPES: dict[str, npt.DTypeLike] = {"fp32": np.float32, "fp16": np.float16, "int8": np.float32}
#: A file of protocol buffers holds no more.
MOST_BYTES = 2**31 - 2**20


class OnnxExporter(Exporter):
    """One file: uint8 pictures ``images`` in, float32 ``probabilities`` out; labels and resizing in its metadata.

    With fp32 the logits follow as a second output: probabilities are rounded to 24 bits, and who prints many digits of
    them computes the softmax again.
    """

    name: ClassVar = "onnx"
    suffix: ClassVar = ".onnx"
    precisions: ClassVar = tuple(DTYPES)

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Write the file; see `Exporter.export`.

        Raises:
            SpecInvalid: If int8 is asked for without calibration pictures, or the weights are too large for one file.
        """
        int8 = options.precision == "int8"
        pictures = options.calibration
        if int8 and (pictures is None or not len(pictures)):
            raise SpecInvalid(
                "Precision int8 expects pictures to measure the ranges of activations on, found none.",
                where="calibration",
                hint="Name a dataset of such pictures: --calibrate DATASET.",
            )
        _require_room(model, options.precision)
        logits = (model.graph.output,) if options.precision == "fp32" else ()
        builders = RUNTIME_OPS if options.precision == "fp32" else OPS
        written = onnx_model(model.graph, model.arrays, logits, True, DTYPES[options.precision], builders)
        if int8 and pictures is not None:
            written = quantize(written, pictures)
        _describe(written, model)
        destination.write_bytes(written.SerializeToString(deterministic=True))

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating[Any]]:
        """By ONNX Runtime; see `Exporter.run`."""
        session = open_file(destination)
        (pictures,) = session.get_inputs()
        probabilities, *_ = session.get_outputs()
        return run_in_parts(lambda part: session.run([probabilities.name], {pictures.name: part})[0], images)


def _describe(written: ModelProto, model: Deployable) -> None:
    """What whoever receives the file has to know: classes by number, and how pictures are brought to their size."""
    form = model.picture
    size = {"width": form.width, "height": form.height, "channels": form.channels, "resize": form.resize}
    words = {"name": model.name, "labels": json.dumps(model.labels), "picture": json.dumps(size)}
    helper.set_model_props(written, words)


def _require_room(model: Deployable, precision: str) -> None:
    size = sum(array.size for array in model.arrays.values()) * np.dtype(DTYPES[precision]).itemsize
    if size > MOST_BYTES:
        raise SpecInvalid(
            f"A file of ONNX holds 2 GiB, found weights of {size / 2**30:.1f} GiB in model {model.name}.",
            where="precision",
            hint="Write fp16, or a format without that limit.",
        )
