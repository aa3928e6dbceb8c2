"""What the core itself brings as a plugin; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_launchers() -> list[Entry]:
    """The launcher of this machine."""
    return [Entry("local", "digits_core.scheduling.local:LocalLauncher", "Runs jobs as processes of this machine.")]
