"""Jobs as rows of a table."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from digits_core.service.views.jobs import JobView
from digits_web.catalogue.selection import Subject
from digits_web.parts.job_facts import ACTIVE, KINDS, accuracy, described, loss, progress
from digits_web.parts.numbers import percent


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


JOBS: Subject[JobView] = Subject(
    words=lambda job: " ".join(
        (job.name, job.job, job.network, job.dataset, job.backend, job.state, KINDS[job.kind], job.owner, *job.tags)
    ),
    facets={
        "state": lambda job: (job.state,),
        "kind": lambda job: (KINDS[job.kind],),
        "tag": lambda job: job.tags,
        "network": lambda job: _one(job.network if job.kind == "train" else ""),
        "dataset": lambda job: _one(job.dataset),
        "backend": lambda job: _one(job.backend),
        "owner": lambda job: _one(job.owner),
    },
    orders={
        "created": lambda job: job.created,
        "name": lambda job: job.name.casefold(),
        "state": lambda job: job.state,
        "network": lambda job: job.network.casefold() or None,
        "dataset": lambda job: job.dataset.casefold() or None,
        "accuracy": accuracy,
        "loss": loss,
        "progress": progress,
    },
)

#: Columns of the table; a class of `digits-wide` is left out on a phone.
COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "name", "label": "Job", "field": "name", "align": "left", "sortable": True},
    {"name": "state", "label": "State", "field": "state", "align": "left", "sortable": True},
    {"name": "network", "label": "Network", "field": "network", "align": "left", "sortable": True, "wide": True},
    {"name": "dataset", "label": "Dataset", "field": "dataset", "align": "left", "sortable": True, "wide": True},
    {"name": "backend", "label": "Backend", "field": "backend", "align": "left", "wide": True},
    {
        "name": "accuracy",
        "label": "Best accuracy",
        "field": "accuracy",
        "align": "right",
        "sortable": True,
        "sortOrder": "da",
    },
    {"name": "loss", "label": "Loss at best", "field": "loss", "align": "right", "sortable": True, "wide": True},
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
  <span class="digits-tag q-ml-xs" v-for="tag in props.row.tags">{{ tag }}</span>
  <div class="digits-soft digits-small" v-if="props.row.note">{{ props.row.note }}</div>
</q-td>
<q-td key="state" :props="props">
  <span class="digits-state" :data-state="props.row.state">{{ props.row.state }}</span>
  <div class="digits-soft digits-small" v-if="props.row.far">{{ props.row.far }}</div>
</q-td>
<q-td key="network" :props="props">{{ props.row.network }}</q-td>
<q-td key="dataset" :props="props">
  <a class="digits-link" :href="props.row.dataset_href">{{ props.row.dataset }}</a></q-td>
<q-td key="backend" :props="props">{{ props.row.backend }}</q-td>
<q-td key="accuracy" :props="props" class="digits-number">{{ props.row.accuracy }}</q-td>
<q-td key="loss" :props="props" class="digits-number">{{ props.row.loss }}</q-td>
<q-td key="created" :props="props" class="digits-number">
  <time :datetime="props.row.created">{{ new Date(props.row.created).toLocaleString() }}</time></q-td>
"""


def row(job: JobView, prefix: str) -> dict[str, Any]:
    """What the table shows of a job.

    Args:
        job: The job.
        prefix: What addresses begin with.
    """
    value = loss(job)
    return {
        "id": job.job,
        "name": job.name,
        "href": f"{prefix}/jobs/{quote(job.job)}",
        "note": described(job),
        "tags": list(job.tags),
        "state": job.state,
        "far": f"{progress(job):.0f} %" if job.state in (*ACTIVE, "paused", "failed", "aborted") else "",
        "network": job.network,
        "dataset": job.dataset,
        "dataset_href": f"{prefix}/datasets/{quote(job.dataset)}",
        "backend": job.backend,
        "accuracy": percent(accuracy(job), 2),
        "loss": "" if value is None else f"{value:.4g}",
        "created": job.created,
    }
