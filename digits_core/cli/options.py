"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else.")]
JobName = Annotated[str, typer.Argument(help="Name of the job.", show_default=False)]
DatasetName = Annotated[str, typer.Argument(help="Name of the dataset.", show_default=False)]
