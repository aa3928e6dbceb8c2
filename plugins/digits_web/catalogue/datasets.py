"""Datasets as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from digits_core.service.digits import Digits
from digits_web.catalogue.selection import Subject

if TYPE_CHECKING:
    from digits_core.dataset.manifest import DatasetManifest


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """What the table shows of a dataset.

    Attributes:
        name: Its name.
        version: Its newest version.
        created: When that was made, ISO 8601 in UTC.
        splits: Pictures to train on, to validate on, and for tests.
        classes: How many there are.
        size: Height, width and channels.
        encoding: How pictures are stored.
        tags: What people have sorted it under.
        owner: Whose it is; empty: nobody said.
        description: Notes.
    """

    name: str
    version: str
    created: str
    splits: tuple[int, int, int]
    classes: int
    size: tuple[int, int, int]
    encoding: str
    tags: tuple[str, ...]
    owner: str
    description: str


def dataset_rows(digits: Digits) -> tuple[DatasetRow, ...]:
    """Every dataset, by name."""
    return tuple(dataset_row(digits, manifest) for manifest in digits.datasets())


def dataset_row(digits: Digits, manifest: DatasetManifest) -> DatasetRow:
    """A dataset in its newest version, with what people say of it."""
    about = digits.about_dataset(manifest.name)
    return DatasetRow(
        name=manifest.name,
        version=manifest.version,
        created=manifest.created,
        splits=(manifest.splits.get("train", 0), manifest.splits.get("val", 0), manifest.splits.get("test", 0)),
        classes=len(manifest.classes),
        size=manifest.size,
        encoding=manifest.encoding,
        tags=about.tags,
        owner=about.owner,
        description=about.description,
    )


def _size(row: DatasetRow) -> str:
    return " × ".join(str(side) for side in row.size)


DATASETS: Subject[DatasetRow] = Subject(
    words=lambda row: " ".join(
        (row.name, row.version, _size(row), row.encoding, row.owner, *row.tags, row.description)
    ),
    facets={
        "tag": lambda row: row.tags,
        "size": lambda row: (_size(row),),
        "owner": lambda row: (row.owner,) if row.owner else (),
    },
    orders={
        "created": lambda row: row.created,
        "name": lambda row: row.name.casefold(),
        "pictures": lambda row: sum(row.splits),
        "classes": lambda row: row.classes,
        "size": lambda row: row.size,
    },
)

#: Columns of the table.
COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "name", "label": "Dataset", "field": "name", "align": "left", "sortable": True},
    {
        "name": "pictures",
        "label": "Pictures",
        "field": "pictures",
        "align": "right",
        "sortable": True,
        "sortOrder": "da",
    },
    {"name": "splits", "label": "Train / val / test", "field": "splits", "align": "right", "wide": True},
    {"name": "classes", "label": "Classes", "field": "classes", "align": "right", "sortable": True, "sortOrder": "da"},
    {"name": "size", "label": "Size", "field": "size", "align": "right", "sortable": True, "wide": True},
    {"name": "encoding", "label": "Stored as", "field": "encoding", "align": "left", "wide": True},
    {
        "name": "created",
        "label": "Created",
        "field": "created",
        "align": "right",
        "sortable": True,
        "sortOrder": "da",
        "wide": True,
    },
)

#: What a row looks like, for Vue; `row` makes what it reads.
CELLS = """
<q-td key="name" :props="props">
  <a class="digits-link" :href="props.row.href">{{ props.row.name }}</a>
  <span class="digits-soft digits-small q-ml-xs" v-if="props.row.version">{{ props.row.version }}</span>
  <span class="digits-tag q-ml-xs" v-for="tag in props.row.tags">{{ tag }}</span>
</q-td>
<q-td key="pictures" :props="props" class="digits-number">{{ props.row.pictures }}</q-td>
<q-td key="splits" :props="props" class="digits-number">{{ props.row.splits }}</q-td>
<q-td key="classes" :props="props" class="digits-number">{{ props.row.classes }}</q-td>
<q-td key="size" :props="props" class="digits-number">{{ props.row.size }}</q-td>
<q-td key="encoding" :props="props">{{ props.row.encoding }}</q-td>
<q-td key="created" :props="props" class="digits-number">
  <time :datetime="props.row.created">{{ new Date(props.row.created).toLocaleString() }}</time></q-td>
"""


def row(dataset: DatasetRow, prefix: str) -> dict[str, Any]:
    """What the table shows of a dataset.

    Args:
        dataset: The dataset.
        prefix: What addresses begin with.
    """
    return {
        "id": dataset.name,
        "name": dataset.name,
        "href": f"{prefix}/datasets/{quote(dataset.name)}",
        "version": "" if dataset.version == "v0001" else dataset.version,
        "tags": list(dataset.tags),
        "pictures": f"{sum(dataset.splits):,}",
        "splits": _joined(dataset.splits),
        "classes": dataset.classes,
        "size": _size(dataset),
        "encoding": dataset.encoding,
        "created": dataset.created,
    }


def _joined(counts: Sequence[int]) -> str:
    return " / ".join(f"{count:,}" for count in counts)
