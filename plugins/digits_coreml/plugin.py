"""What this plugin brings; imports no coremltools."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_exporters() -> list[Entry]:
    """Core ML packages."""
    summary = "A .mlpackage for Apple's systems, which is run, to check it, only there: fp32 or fp16"
    needs = ("coremltools",)
    precisions = ("fp32", "fp16")
    return [Entry("coreml", "digits_coreml.exporter:CoreMlExporter", summary, needs, "coreml", precisions=precisions)]
