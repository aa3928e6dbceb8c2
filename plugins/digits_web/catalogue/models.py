"""Imported models as rows of a table."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from digits_core.service.views.networks import ModelView
from digits_web.catalogue.selection import Subject
from digits_web.parts.numbers import form

MODELS: Subject[ModelView] = Subject(
    words=lambda model: " ".join(
        (model.name, model.network, form(model.input), model.importer, *model.files, *model.labels)
    ),
    facets={"network": lambda model: (model.network,), "importer": lambda model: (model.importer,)},
    orders={
        "created": lambda model: model.created,
        "name": lambda model: model.name.casefold(),
        "network": lambda model: model.network.casefold(),
        "classes": lambda model: model.classes,
        "parameters": lambda model: model.parameters,
    },
)

#: Columns of the table; a class of `digits-wide` is left out on a phone.
COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "name", "label": "Model", "field": "name", "align": "left", "sortable": True},
    {"name": "network", "label": "Network", "field": "network", "align": "left", "sortable": True},
    {"name": "classes", "label": "Classes", "field": "classes", "align": "right", "sortable": True, "sortOrder": "da"},
    {
        "name": "parameters",
        "label": "Parameters",
        "field": "parameters",
        "align": "right",
        "sortable": True,
        "sortOrder": "da",
        "wide": True,
    },
    {"name": "input", "label": "Takes", "field": "input", "align": "right", "wide": True},
    {"name": "files", "label": "From", "field": "files", "align": "left", "wide": True},
    {
        "name": "created",
        "label": "Imported",
        "field": "created",
        "align": "right",
        "sortable": True,
        "sortOrder": "da",
        "wide": True,
    },
)

#: What a row looks like, for Vue; `row` makes what it reads.
CELLS = """
<q-td key="name" :props="props"><a class="digits-link" :href="props.row.href">{{ props.row.name }}</a></q-td>
<q-td key="network" :props="props">{{ props.row.network }}</q-td>
<q-td key="classes" :props="props" class="digits-number">{{ props.row.classes }}</q-td>
<q-td key="parameters" :props="props" class="digits-number">{{ props.row.parameters }}</q-td>
<q-td key="input" :props="props" class="digits-number">{{ props.row.input }}</q-td>
<q-td key="files" :props="props">{{ props.row.files }}
  <div class="digits-soft digits-small">by {{ props.row.importer }}</div></q-td>
<q-td key="created" :props="props" class="digits-number">
  <time :datetime="props.row.created">{{ new Date(props.row.created).toLocaleString() }}</time></q-td>
"""


def row(model: ModelView, prefix: str) -> dict[str, Any]:
    """What the table shows of a model.

    Args:
        model: The model.
        prefix: What addresses begin with.
    """
    return {
        "id": model.name,
        "name": model.name,
        "href": f"{prefix}/models/{quote(model.name)}",
        "network": model.network,
        "classes": f"{model.classes:,}",
        "parameters": f"{model.parameters:,}",
        "input": form(model.input),
        "files": ", ".join(model.files),
        "importer": model.importer,
        "created": model.created,
    }
