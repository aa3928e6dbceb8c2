"""What this plugin brings; imports no framework."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    """The PyTorch backend."""
    return [Entry("torch", "digits_torch.backend:TorchBackend", "PyTorch", needs=("torch",), extra="torch")]
