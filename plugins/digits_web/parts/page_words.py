"""Problems in the words of pages: fields by their labels, and what one does on a page in place of commands."""

from __future__ import annotations

import re
from dataclasses import replace

from digits_core.errors import Problem
from digits_core.spec.job import JobSpec
from digits_web.modelling.fields import label_of
from digits_web.parts import dataset_fields as fields
from digits_web.parts import model_fields as models

_LABELS = {"name": "Name", "paths": "Pictures"} | {
    words.key: words.label
    for group in (fields.SIZE, fields.FORM, fields.SPLIT, fields.ELSEWHERE, fields.LISTS)
    for words in group
}
#: What a hint says to whoever is at a terminal, and what one does on a page.
_INSTEAD = (
    (r"; add to it: digits dataset append (\S+) FOLDER; or delete it: .*", r", or add pictures on the page of \1."),
    (r"; go on with it: digits job resume (\S+); or delete it: .*", r", or resume \1 on its page."),
    (r"Delete them first: (.*)", r"Discard these jobs first, each on its page: \1"),
    (r"Stop it first: digits job abort (\S+)\.", "Abort it first."),
    (r"allow such addresses with --allow-private", "ask whoever runs the server for: digits serve --allow-private"),
    (r"Pause it first: digits job pause (\S+)\.", "Pause it first."),
    (r"digits job (?:delete|abort) ", ""),
    (
        r"Name one: --dataset NAME, or --calibrate NAME for an export\.",
        "Choose one on the tab Use, under “Pictures of”.",
    ),
)
_OPTION = re.compile(r"--(min-per-class|max-per-class|val-path|test-path|network|mean|labels|normalization|importer)\b")
#: What the fields are called by which a model is imported.
_IMPORT = {"mean": "Mean picture", "labels": "Names of the classes", "network": "Network"} | {
    words.key: words.label for words in (*models.PICTURES, models.importer(()))
}


def on_page(problem: Problem) -> Problem:
    """A problem as a page tells it.

    >>> on_page(Problem("val: input should be less than 100; found 120.", "val")).message
    'For validation, percent: input should be less than 100; found 120.'
    >>> on_page(Problem("rate: input should be greater than 0.", "solver.sgd.rate")).message
    'Learning rate: input should be greater than 0.'
    >>> on_page(Problem("Too few.", "/pictures", "Give more, or lower --min-per-class.")).hint
    'Give more, or lower “Fewest pictures of a class”.'
    """
    hint = hint_on_page(problem.hint)
    label = _label(problem.where)
    if not label:
        return replace(problem, hint=hint)
    key = problem.where.rpartition(".")[2]
    return Problem(f"{label}: {problem.message.removeprefix(f'{key}: ')}", hint=hint)


def hint_on_page(hint: str) -> str:
    """What to do about a problem, on a page."""
    for words, instead in _INSTEAD:
        hint = re.sub(words, instead, hint)
    return _OPTION.sub(_option, hint)


def _label(where: str) -> str:
    """What the field of a key is called; empty where the place is no field."""
    first, *rest = re.sub(r"\.\d+$", "", where).split(".")
    key = ".".join((first, *(rest[-1:] if first in ("solver", "schedule") else rest)))
    if key in _LABELS:
        return _LABELS[key]
    return label_of(key) if first in JobSpec.model_fields and re.fullmatch(r"[\w.]+", key) else ""


def _option(found: re.Match[str]) -> str:
    key = found[1].replace("-", "_")
    return f"“{_IMPORT.get(key) or _LABELS.get(key) or _LABELS[f'limits.{key}']}”"
