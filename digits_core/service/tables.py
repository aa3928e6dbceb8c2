"""Results as tables on disk: CSV or Parquet, by the ending of the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from digits_core.errors import SpecInvalid

if TYPE_CHECKING:
    from digits_core.service.views.classification import ClassificationView, TopView
    from digits_core.service.views.evaluation import EvaluationView

#: Columns by name, all of one length; None is an empty cell.
Columns: TypeAlias = Mapping[str, Sequence[Any]]


def is_table(path: Path) -> bool:
    """Whether the ending of a file is that of a table.

    >>> is_table(Path("scores.csv")), is_table(Path("scores.png"))
    (True, False)
    """
    return path.suffix.lower() in _WRITERS


def require_table(path: Path) -> None:
    """Refuse a file whose ending is of no table, before any work is done.

    Raises:
        SpecInvalid: If it is neither CSV nor Parquet.
    """
    if not is_table(path):
        hint = f"End it in {' or '.join(_WRITERS)}."
        raise SpecInvalid(f"{path.name} is expected to be CSV or Parquet.", where="--out", hint=hint)


def table_bytes(path: Path, columns: Columns) -> bytes:
    """The content of the file that ``path`` is to become.

    Raises:
        SpecInvalid: If its ending is neither ``.csv`` nor ``.parquet``.
    """
    require_table(path)
    return _WRITERS[path.suffix.lower()](columns)


def prediction_columns(view: ClassificationView) -> dict[str, list[Any]]:
    """A row for each picture: what it is, where that was told, and its guesses, best first."""
    most = max((len(prediction.top) for prediction in view.predictions), default=0)
    rows = view.predictions
    columns: dict[str, list[Any]] = {
        "image": [row.image for row in rows],
        "truth": [row.truth for row in rows],
        "rank": [row.rank for row in rows],
    }
    for place in range(most):
        guesses = [row.top[place] if place < len(row.top) else None for row in rows]
        columns[f"label_{place + 1}"] = [guess.label if guess else None for guess in guesses]
        columns[f"probability_{place + 1}"] = [guess.probability if guess else None for guess in guesses]
    return {**columns, "error": [row.error.message if row.error else None for row in rows]}


def class_columns(view: EvaluationView) -> dict[str, list[Any]]:
    """A row for each class: its scores, and from where to where they may be."""
    rows = view.per_class
    return {
        "label": [row.label for row in rows],
        "precision": [row.precision for row in rows],
        "precision_low": [row.precision_interval[0] for row in rows],
        "precision_high": [row.precision_interval[1] for row in rows],
        "recall": [row.recall for row in rows],
        "recall_low": [row.recall_interval[0] for row in rows],
        "recall_high": [row.recall_interval[1] for row in rows],
        "f1": [row.f1 for row in rows],
        "support": [row.support for row in rows],
    }


def top_columns(view: TopView) -> dict[str, list[Any]]:
    """A row for each picture that a class scores high."""
    rows = [(one.label, place, ranked) for one in view.classes for place, ranked in enumerate(one.pictures, 1)]
    return {
        "label": [label for label, _, _ in rows],
        "place": [place for _, place, _ in rows],
        "image": [ranked.image for _, _, ranked in rows],
        "probability": [ranked.probability for _, _, ranked in rows],
        "truth": [ranked.truth for _, _, ranked in rows],
    }


def _csv(columns: Columns) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    # File names need not be Unicode.
    return stream.getvalue().encode("utf-8", "replace")


def _parquet(columns: Columns) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    # A column without a single value would have no type.
    kinds = {"rank": pa.int64(), "truth": pa.string(), "error": pa.string()}
    arrays = {name: pa.array(list(values), kinds.get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), stream)
    return stream.getvalue()


_WRITERS: dict[str, Callable[[Columns], bytes]] = {".csv": _csv, ".parquet": _parquet}
