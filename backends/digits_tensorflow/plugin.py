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
