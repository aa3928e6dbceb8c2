"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_network_families() -> list[Entry]:
    """The families, by name."""
    return [
        Entry("lenet", "digits_networks.lenet:Lenet", "Two convolutions and two dense layers, for small pictures."),
    ]
