"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_model_importers() -> list[Entry]:
    """The importer of state dicts."""
    summary = "Weights of torchvision and timm: safetensors files, and state dicts saved by PyTorch."
    return [Entry("pretrained", "digits_pretrained.importer:PretrainedImporter", summary)]
