"""The ``digits`` command: its parts, and what becomes of errors.

Exit status: 0 done, 1 the job or check failed, 2 the request is wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import typer
from typer.exceptions import TyperException

from digits_core.cli import (
    archive,
    classify,
    dataset,
    demo,
    device,
    doctor,
    errors,
    evaluate,
    export,
    inspect,
    job,
    model,
    network,
    parity,
    plugin,
    scheduler,
    similar,
    store,
    top,
    train,
    trash,
)
from digits_core.cli.extending import INTERRUPTED, ExtendedGroup
from digits_core.cli.output import say, show_error

#: Options whose text may be empty.
TEXTS = frozenset({"--description", "--tag", "--token"})

app = typer.Typer(
    name="digits",
    cls=ExtendedGroup,
    help="Train image networks in PyTorch, JAX, TensorFlow or numpy from one description.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("train")(train.train)
app.command("scheduler")(scheduler.scheduler)
app.command("classify")(classify.classify)
app.command("evaluate")(evaluate.evaluate)
app.command("export")(export.export)
app.command("inspect")(inspect.inspect)
app.command("top")(top.top)
app.command("errors")(errors.errors)
app.command("similar")(similar.similar)
app.command("parity")(parity.parity)
app.add_typer(dataset.app, name="dataset")
app.add_typer(network.app, name="network")
app.add_typer(model.app, name="model")
app.add_typer(archive.app, name="archive")
app.add_typer(job.app, name="job")
app.add_typer(plugin.app, name="plugin")
app.add_typer(device.app, name="device")
app.add_typer(store.app, name="store")
app.add_typer(trash.app, name="trash")


def _show_version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata

        print(f"digits {importlib.metadata.version('digits')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; also DIGITS_DEBUG=1.")] = False,
) -> None:
    """Train image networks in PyTorch, JAX, TensorFlow or numpy from one description."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status and lets no exception through."""
    # Known before anything is parsed, so that even a wrong option is answered in JSON.
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    json_wanted = "--json" in options
    try:
        _require_words(arguments)
        status = app(args=list(arguments), prog_name="digits", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does; Python would complain once more at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except typer.Abort:
        return INTERRUPTED
    except TyperException as wrong:
        return _refuse_usage(wrong, json_wanted=json_wanted)
    except Exception as reason:
        return _refuse(reason, json_wanted=json_wanted, debug="--debug" in options)


def _require_words(arguments: Sequence[str]) -> None:
    """Refuse an empty word, which would be taken for the current folder: a shell variable that was not set leaves one.

    Raises:
        SpecInvalid: If there is one where no text is expected.
    """
    for before, word in pairwise(("digits", *arguments)):
        option, equals, value = word.partition("=") if word.startswith("--") else (before, "=", word)
        if equals and not value and option not in TEXTS:
            from digits_core.errors import SpecInvalid

            hint = "Leave it out, or check that the shell variable is set."
            raise SpecInvalid(f"A word is expected after {option}, found nothing.", hint=hint)


def _refuse_usage(wrong: TyperException, *, json_wanted: bool) -> int:
    from digits_core.errors import SpecInvalid

    message = wrong.format_message()
    if message.startswith("Usage:") and not json_wanted:  # A group without a command: its help, and no more.
        say(message)
        return SpecInvalid.exit_status
    # Typer ends some of its sentences and others not.
    message = message if message.endswith("?") else f"{message.rstrip('.')}."
    hint = "See: digits --help, or digits COMMAND --help."
    show_error(SpecInvalid(message, hint=hint), json_wanted=json_wanted)
    return SpecInvalid.exit_status


def _refuse(reason: Exception, *, json_wanted: bool, debug: bool) -> int:
    from digits_core.errors import DigitsError

    debug = debug or os.environ.get("DIGITS_DEBUG", "") not in ("", "0")
    if isinstance(reason, DigitsError):
        error = reason
    else:
        hint = "This is a fault of DIGITS: please report it with what DIGITS_DEBUG=1 shows."
        error = DigitsError(f"Unexpected {type(reason).__name__}: {reason}.", hint=hint)
    if debug:
        import traceback

        traceback.print_exception(reason)
    show_error(error, json_wanted=json_wanted)
    return error.exit_status
