"""What this plugin brings; imports neither onnx nor ONNX Runtime."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl

NEEDS = ("onnx", "onnxruntime")


@hookimpl
def digits_runtimes() -> list[Entry]:
    """ONNX Runtime."""
    return [Entry("onnx", "digits_onnx.runtime:OnnxRuntime", "ONNX Runtime, without any framework.", NEEDS, "onnx")]


@hookimpl
def digits_exporters() -> list[Entry]:
    """ONNX files."""
    summary = "One ONNX file with weights and preprocessing; fp32, fp16 or int8."
    openvino = "A folder with OpenVINO's model.xml and model.bin; fp32 or fp16."
    return [
        Entry("onnx", "digits_onnx.exporter:OnnxExporter", summary, NEEDS, "onnx", precisions=("fp32", "fp16", "int8")),
        Entry(
            "openvino",
            "digits_onnx.openvino:OpenVinoExporter",
            openvino,
            ("onnx", "openvino"),
            "openvino",
            precisions=("fp32", "fp16"),
        ),
    ]
