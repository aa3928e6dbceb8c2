"""What a job starts from, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from digits_core.cli.output import table

if TYPE_CHECKING:
    from digits_core.service.views.jobs import JobView, StartView

#: Layers of each kind that are listed; start.json names them all.
MOST = 12


#: What jobs that train nothing do, by their kind: a verb, and to what.
DEEDS = {
    "dataset": ("makes", "dataset {dataset}"),
    "version": ("changes", "dataset {dataset}: {asked}"),
    "evaluation": ("scores", "{network} on dataset {dataset}"),
    "export": ("exports", "{network} as {asked}"),
    "classification": ("classifies", "{asked} with {network}"),
    "top": ("ranks", "{asked} of dataset {dataset} by {network}"),
    "errors": ("doubts", "{asked} of dataset {dataset} with {network}"),
    "rate": ("looks for", "a learning rate on dataset {dataset}: {asked}"),
    "similar": ("looks for", "{asked} in dataset {dataset} with {network}"),
}


def deed_of(job: JobView) -> tuple[str, str] | None:
    """What a job does, and to what; nothing where it trains."""
    if job.kind not in DEEDS:
        return None
    verb, what = DEEDS[job.kind]
    return verb, what.format(dataset=job.dataset, network=job.network, asked=job.asked)


def opening(job: JobView) -> str:
    """The first words about a job that is about to be followed."""
    if deed := deed_of(job):
        return f"Job {job.name}: {' '.join(deed)}."
    words = f"Job {job.name}: {job.network} on {job.dataset}."
    return f"{words}\n{describe_start(job.start)}" if job.start and not job.runs else words


def describe_start(view: StartView) -> str:
    """Which layers were loaded, which start anew, which weights of the model were not used, and why."""
    rows = [*_listed("loaded", dict.fromkeys(view.loaded, ""))]
    for head in view.heads:
        words = (f"keeps {', '.join(head.kept)}", *_said("new", head.new), *_said("dropped", head.dropped))
        rows.append((head.layer, "new head", "; ".join(words)))
    rows += [*_listed("starts anew", view.initialised), *_listed("not used", view.skipped)]
    return "\n".join([f"Starts from {view.model}:", table(("layer", "what becomes of it", ""), rows)])


def _said(what: str, names: Sequence[str]) -> Iterable[str]:
    return (f"{what}: {', '.join(names)}",) if names else ()


def _listed(what: str, weights: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """One row for each layer, and one that counts those beyond `MOST`."""
    layers: dict[str, str] = {}
    for weight, why in weights.items():
        layer, _, local = weight.rpartition("/")
        layers.setdefault(layer, f"{local} {why}" if why else "")
    for layer, why in list(layers.items())[:MOST]:
        yield layer, what, why
    if len(layers) > MOST:
        yield f"and {len(layers) - MOST} more", what, ""
