"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl

_NEEDS = ("argon2", "fastapi", "nicegui", "python_multipart", "uvicorn")


@hookimpl
def digits_extend_cli() -> list[Entry]:
    """The commands."""
    return [
        Entry(
            "serve",
            "digits_web.commands.serve:Serve",
            "Serve the page and the REST API; jobs start when their devices are free.",
            needs=_NEEDS,
            extra="web",
        ),
        Entry(
            "user",
            "digits_web.commands.user:User",
            "Who may log in to the page: accounts, their roles and passwords.",
            needs=_NEEDS,
            extra="web",
        ),
    ]
