"""Commands that plugins bring, looked for when a word is none of ours and for ``digits --help``; and interruptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from digits_core.cli.output import say

if TYPE_CHECKING:
    # Typer brings its own copy of click and names its classes nowhere else.
    from typer._click import Command, Context, HelpFormatter

INTERRUPTED = 130


class ExtendedGroup(TyperGroup):
    """The commands of the core, then those of plugins; the core's come first where both have a word."""

    def invoke(self, ctx: Context) -> Any:
        """Run a command; one that is interrupted and has nothing to say of that has at least this said."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None

    def list_commands(self, ctx: Context) -> list[str]:
        """Every word, with those of plugins last."""
        return [*self.commands, *self._summaries()]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of a word; one of a plugin is imported now.

        Raises:
            PluginMissing: If it needs what is not installed.
            PluginConflict: If two plugins have that word.
        """
        if cmd_name in self.commands or cmd_name not in self._summaries():
            return self.commands.get(cmd_name)
        from digits_core.service.commands import plugin_command

        return typer.main.get_command(plugin_command(cmd_name))

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """List every word with its sentence, importing nothing of plugins."""
        brought = {name: TyperCommand(name, help=summary) for name, summary in self._summaries().items()}
        TyperGroup(commands={**self.commands, **brought}).format_commands(ctx, formatter)

    def _summaries(self) -> dict[str, str]:
        from digits_core.service.commands import command_summaries

        return {name: summary for name, summary in command_summaries().items() if name not in self.commands}
