"""What this plugin brings; imports no framework."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    """The NumPy backend."""
    return [Entry("numpy", "digits_numpy.backend:NumpyBackend", "NumPy alone: short and plain.", devices=("cpu",))]
