"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_dataset_sources() -> list[Entry]:
    """The sources, in the order in which `auto` tries them."""
    return [
        Entry("idx", "digits_images.idx:IdxSource", "IDX files as MNIST has them, plain or gzip."),
        Entry("list", "digits_images.lists:ListSource", "Text or CSV files of picture paths and labels."),
        Entry("folder", "digits_images.folders:FolderSource", "One folder of pictures per class."),
    ]
