"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

    from digits_core.errors import DigitsError


def show(data: Any, text: str, *, json_wanted: bool) -> None:
    """Print a result once: as JSON where that is wanted, else as text.

    Args:
        data: Plain data.
        text: The same for people.
        json_wanted: Whether ``--json`` was given.
    """
    if json_wanted:
        print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
    elif text:
        print(text)


def require_outs(*paths: Path | None) -> None:
    """Refuse files that a command was asked for and that cannot be written, before it does any work.

    Raises:
        StorageUnusable: With each of them.
    """
    from digits_core.disk import require_place
    from digits_core.errors import Problem, StorageUnusable, require

    problems: list[Problem] = []
    for path in filter(None, paths):
        try:
            require_place(path)
        except StorageUnusable as refused:
            problems += refused.problems
    require(problems, StorageUnusable)


def write_out(path: Path, data: bytes) -> None:
    """Write the file that a command was asked for; there is all of it or none.

    Raises:
        StorageUnusable: If it cannot be written there.
    """
    from digits_core.disk import chosen_place, require_place, write_file

    require_place(path)
    with chosen_place(path):
        write_file(path, data)


def picture_bytes(picture: Image) -> bytes:
    """A picture as the content of a PNG file."""
    import io

    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def say(text: str) -> None:
    """Tell a person something that is not the result."""
    print(text, file=sys.stderr, flush=True)


def show_error(error: DigitsError, *, json_wanted: bool) -> None:
    """Print what went wrong, every problem once."""
    from digits_core.service.views.view import ErrorView

    if json_wanted:
        show({"error": ErrorView.of(error).to_dict()}, "", json_wanted=True)
        return
    if len(error.problems) == 1:
        say(f"Error: {error}")
        return
    say(f"Error: {len(error.problems)} problems.")
    for problem in error.problems:
        say(f"  - {problem}")


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "") -> str:
    """Columns side by side; numbers to the right.

    >>> print(table(("name", "count"), [("lenet", 8), ("x", 12)]))
    name   count
    lenet      8
    x         12
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells and empty:
        return empty
    widths = [max(map(len, column)) for column in zip(header, *(texts for texts, _ in map(_split, cells)), strict=True)]
    lines = [[name.ljust(width) for name, width in zip(header, widths, strict=True)]]
    for texts, right in map(_split, cells):
        lines.append(
            [
                text.rjust(width) if to_right else text.ljust(width)
                for text, width, to_right in zip(texts, widths, right, strict=True)
            ]
        )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def csv_text(rows: Sequence[tuple[Any, ...]]) -> str:
    """Named tuples as CSV, without a final newline; their fields are the header."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([getattr(type(rows[0]), "_fields", ()), *rows] if rows else [])
    return text.getvalue().removesuffix("\n")


def percent(share: float | None) -> str:
    """A share as percent, or nothing.

    >>> percent(0.98765)
    '98.77 %'
    """
    return "" if share is None else f"{100 * share:.2f} %"


def number(value: float | None, form: str = ".4g") -> str:
    """A number, or nothing."""
    return "" if value is None else format(value, form)


def with_unit(value: float | None, unit: str, form: str = ".0f") -> str:
    """A number and its unit, or nothing.

    >>> with_unit(61.2, "°C")
    '61 °C'
    """
    return "" if value is None else f"{value:{form}} {unit}"


def about_lines(description: str, tags: Sequence[str], owner: str) -> list[str]:
    r"""What people say about something, a line for each of what is said.

    >>> about_lines("The best\nso far.", ("baseline", "mnist"), "")
    ['  about      The best', '             so far.', '  tags       baseline, mnist']
    """
    told = "\n             ".join(description.splitlines())
    rows = (("about", told), ("tags", ", ".join(tags)), ("owner", owner))
    return [line for name, text in rows if text for line in f"  {name:<11}{text}".split("\n")]


def _cell(value: object) -> tuple[str, bool]:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}", True
    return str(value), False


def _split(row: Sequence[tuple[str, bool]]) -> tuple[list[str], list[bool]]:
    return [text for text, _ in row], [right for _, right in row]
