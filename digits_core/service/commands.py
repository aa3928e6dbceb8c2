"""Commands that plugins bring; apart from `Digits`, so that ``digits --help`` opens no home for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digits_core.hooks.registry import discover

if TYPE_CHECKING:
    import typer


def command_summaries() -> dict[str, str]:
    """Every word that plugins bring, with its sentence; imports nothing that stands behind one."""
    return {owned.entry.name: owned.entry.summary for owned in discover().commands.entries()}


def plugin_command(name: str) -> typer.Typer:
    """The command of a word.

    Raises:
        NameUnknown: If no plugin brings it.
        PluginConflict: If two do.
        PluginMissing: If it needs what is not installed, or cannot be imported.
    """
    return discover().commands.get(name)().app()
