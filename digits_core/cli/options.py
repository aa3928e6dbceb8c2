"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else.")]
JobName = Annotated[str, typer.Argument(help="Name of the job.", show_default=False)]
ModelName = Annotated[
    str,
    typer.Argument(help="JOB, JOB@best, JOB@last, JOB@epoch-3, an imported model, or an archive.", show_default=False),
]
DatasetName = Annotated[
    str, typer.Argument(help="Name of the dataset; a version of it is NAME@v0001.", show_default=False)
]
Images = Annotated[
    list[str] | None,
    typer.Argument(help="Picture files, folders, lists (.txt .csv; a picture a line, its class after it), URLs."),
]
Prefix = Annotated[Path | None, typer.Option(help="Where paths of lists start. [default: the list's own folder]")]
AllowPrivate = Annotated[bool, typer.Option("--allow-private", help="URLs may lead to private and loopback addresses.")]
Augment = Annotated[
    str | None,
    typer.Option(help="What chance does to pictures: flip=lr,rotate=10,hsv=0.02:0.04:0.06; none. [default: nothing]"),
]
Runtime = Annotated[
    str | None, typer.Option(help="Who computes: onnx, or native for a backend. [default: onnx where installed]")
]
Backend = Annotated[str | None, typer.Option(help="Which backend computes, in place of ONNX Runtime.")]
TableOut = Annotated[
    Path | None, typer.Option("--out", "-o", help="Where to write a table, .csv or .parquet.", show_default=False)
]
Description = Annotated[
    str | None, typer.Option(help="What to say about it; an empty text takes it back.", show_default=False)
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", help="A word to find it by; repeat it for more. They replace those of before; '' is none."),
]
Nodes = Annotated[
    str | None,
    typer.Option(help="Machines that train together; auto: as many as torchrun or Slurm say. [default: 1]"),
]
NodeRank = Annotated[int | None, typer.Option(help="Which of them this one is, from 0.")]
Coordinator = Annotated[str | None, typer.Option(help="HOST or HOST:PORT at which the others reach machine 0.")]
ScaleRate = Annotated[
    bool, typer.Option("--scale-rate", help="The rate is meant for the usual batch: scale it to this one.")
]


def batch_size(text: str | None) -> str | None:
    """Refuse what is neither a number nor ``auto``."""
    if text is None or text == "auto" or text.lstrip("-").isdecimal():
        return text
    raise typer.BadParameter(f"{text!r} is neither a whole number nor auto.")


def picture_size(text: str) -> tuple[int, int]:
    """Width and height from ``28x28`` or ``28``."""
    from digits_core.errors import SpecInvalid
    from digits_core.units import parse_size

    try:
        return parse_size(text)
    except ValueError:
        hint = "Write --size 28x28 or --size 28."
        raise SpecInvalid(f"size expects WIDTHxHEIGHT or one number, found {text!r}.", hint=hint) from None
