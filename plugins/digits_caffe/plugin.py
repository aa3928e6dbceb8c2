"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_dataset_sources() -> list[Entry]:
    """Databases of pictures."""
    return [
        Entry(
            "lmdb",
            "digits_caffe.databases:LmdbSource",
            "LMDB databases of Caffe's datums, one or as DIGITS keeps them.",
            needs=("lmdb", "google"),
            extra="caffe",
        )
    ]


@hookimpl
def digits_network_importers() -> list[Entry]:
    """Networks."""
    return [Entry("caffe", "digits_caffe.network_importer:CaffeNetworkImporter", "Caffe's prototxt files.")]


@hookimpl
def digits_model_importers() -> list[Entry]:
    """Networks with their weights."""
    return [
        Entry(
            "caffe",
            "digits_caffe.model_importer:CaffeModelImporter",
            "Caffe's prototxt and caffemodel files.",
            needs=("google",),
            extra="caffe",
        )
    ]
