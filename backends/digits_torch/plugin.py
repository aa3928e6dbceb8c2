"""What this plugin brings; imports no framework."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    """The PyTorch backend."""
    return [Entry("torch", "digits_torch.backend:TorchBackend", "PyTorch", needs=("torch",), extra="torch")]


@hookimpl
def digits_exporters() -> list[Entry]:
    """Formats of PyTorch."""
    return [
        Entry(
            "torch-export",
            "digits_torch.exports.program:TorchProgramExporter",
            "A .pt2 program that torch.export.load runs",
            needs=("torch",),
            extra="torch",
        ),
        Entry(
            "torch-state-dict",
            "digits_torch.exports.state_dict:StateDictExporter",
            "A .pt file of weights, with the names of digits_torch.module",
            needs=("torch",),
            extra="torch",
        ),
    ]
