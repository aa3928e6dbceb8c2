"""``coreml``: a Core ML model package, a folder that ends in ``.mlpackage``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import coremltools as ct
import numpy as np
import numpy.typing as npt
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.frontend.milproto import load as milproto

from digits_core.contracts.backend import Arrays
from digits_core.contracts.claims import require_portable, require_weights
from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions, Probabilities
from digits_core.errors import CapabilityMissing, ExportUnfaithful, Problem, require
from digits_core.graph.graph import Graph, Layer
from digits_coreml.ops import OPS

IMAGE, PROBABILITIES = "image", "probabilities"
#: Passes that fold batch norm and factors into kernels: without them every weight can be found again.
FOLDING = ("common::fuse_conv_batchnorm", "common::fuse_conv_scale")
TARGET = ct.target.iOS16
_PRECISIONS = {"fp32": (ct.precision.FLOAT32, np.float32), "fp16": (ct.precision.FLOAT16, np.float16)}

_Weight: TypeAlias = tuple[int, bytes]


class CoreMlExporter(Exporter):
    """An ML program that takes one picture, as apps and the Vision framework give it, and names its class.

    Core ML runs on Apple's systems alone. What is looked at elsewhere is that the package can be read back, and that
    every weight is in it as it was.
    """

    name: ClassVar = "coreml"
    suffix: ClassVar = ".mlpackage"
    precisions: ClassVar = ("fp32", "fp16")

    def export(self, model: Deployable, options: ExportOptions, destination: Path) -> None:
        """Build the program, convert and save it."""
        graph = model.graph
        require_portable(graph, self.name)
        require(_unknown(graph), CapabilityMissing)
        require_weights(graph, model.arrays)
        pipeline = ct.PassPipeline.DEFAULT
        pipeline.remove_passes(FOLDING)
        labels = model.labels or tuple(f"class {number}" for number in range(graph.classes))
        package = ct.convert(
            _program(graph, model.arrays),
            convert_to="mlprogram",
            inputs=[_picture(graph)],
            classifier_config=ct.ClassifierConfig(list(labels)),
            compute_precision=_PRECISIONS[options.precision][0],
            minimum_deployment_target=TARGET,
            pass_pipeline=pipeline,
            skip_model_load=True,
        )
        package.short_description = f"{model.name}: {graph.name}, written by DIGITS"
        package.save(str(destination))

    def run(self, model: Deployable, destination: Path, images: npt.NDArray[np.uint8]) -> Probabilities:
        """Look for every weight; this never runs the package.

        Raises:
            ExportUnfaithful: If one is missing.
            CapabilityMissing: Otherwise.
        """
        package = ct.models.MLModel(str(destination), skip_model_load=True)
        folder = Path(package.weights_dir)
        program = milproto.load(package.get_spec(), package.get_spec().specificationVersion, str(folder))
        found = dict(_constants(program))
        formats = {format for _, format in _PRECISIONS.values()}
        missing = [
            name
            for name, array in model.arrays.items()
            if array.size > 1 and not any(_key(array.astype(format)) in found for format in formats)
        ]
        if missing:
            raise ExportUnfaithful(f"Format coreml expects every weight as it was, found no {', '.join(missing)}.")
        raise CapabilityMissing(
            "Core ML runs on Apple's systems alone. "
            f"The package was read back and holds all {len(model.arrays)} weights as they were."
        )


def _program(graph: Graph, arrays: Arrays) -> Any:
    taken = graph.input
    spec = mb.TensorSpec(shape=(1, taken.channels, taken.height, taken.width))

    @mb.program(input_specs=[spec], opset_version=TARGET)
    def program(image: Any) -> Any:
        values: dict[str, Any] = {}
        for layer in graph.layers:
            inputs = [values[name] for name in layer.inputs] or [image]
            values[layer.name] = OPS[layer.op.kind](layer, inputs, _own(layer, arrays))
        return mb.softmax(x=values[graph.output], axis=-1, name=PROBABILITIES)

    return program


def _own(layer: Layer, arrays: Arrays) -> Arrays:
    return {name.rpartition("/")[2]: np.float32(arrays[name]) for name in layer.parameters}


def _picture(graph: Graph) -> Any:
    taken = graph.input
    layout = ct.colorlayout.GRAYSCALE if taken.channels == 1 else ct.colorlayout.RGB
    return ct.ImageType(name=IMAGE, shape=(1, taken.channels, taken.height, taken.width), color_layout=layout)


def _unknown(graph: Graph) -> Iterator[Problem]:
    for layer in graph.layers:
        if layer.op.kind not in OPS:
            yield Problem(
                f"Network {graph.name}: {layer.name} needs op {layer.op.kind!r}, which Core ML is not taught."
            )
    if graph.input.channels not in (1, 3):
        yield Problem(f"Core ML takes pictures of 1 or 3 channels, found {graph.input.channels}.")


def _constants(program: Any) -> Iterator[tuple[_Weight, str]]:
    """Every constant array of a program that was read."""
    for function in program.functions.values():
        for operation in function.operations:
            for value in operation.outputs:
                if operation.op_type == "const" and isinstance(value.val, np.ndarray):
                    yield _key(value.val), value.name


def _key(array: npt.NDArray[Any]) -> _Weight:
    return array.size, array.tobytes()
