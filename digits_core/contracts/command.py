"""The command contract: words of a plugin behind ``digits``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


class Command(ABC):
    """One word of the command line, with words and options of its own behind it.

    It is imported when somebody writes that word and not before; what is heavy belongs into the functions. It does as
    the commands of the core do: ``--json``, results on standard output and the rest on standard error, and every
    `DigitsError` that it lets through becomes a message and an exit status.
    """

    @abstractmethod
    def app(self) -> typer.Typer:
        """The command: with one function and no callback it takes its arguments itself, else it is a group."""
