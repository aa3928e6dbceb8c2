"""What this plugin brings; imports no framework."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    """The TensorFlow backend."""
    return [
        Entry(
            "tensorflow",
            "digits_tensorflow.backend:TensorFlowBackend",
            "TensorFlow",
            needs=("tensorflow",),
            extra="tensorflow",
        )
    ]


@hookimpl
def digits_exporters() -> list[Entry]:
    """Formats of TensorFlow."""
    return [
        Entry(
            "tensorflow-savedmodel",
            "digits_tensorflow.exports.saved_model:SavedModelExporter",
            "A folder that TensorFlow Serving takes",
            needs=("tensorflow",),
            extra="tensorflow",
        ),
        Entry(
            "litert",
            "digits_tensorflow.exports.litert:LiteRtExporter",
            "A .tflite file for phones and small devices: fp32, fp16, int8",
            needs=("tensorflow", "ai_edge_litert"),
            extra="litert",
            precisions=("fp32", "fp16", "int8"),
        ),
    ]
