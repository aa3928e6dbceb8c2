"""Requests as data for forms: JSON schemas, and what can be chosen for a policy or solver."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from digits_core.errors import DigitsError, SpecInvalid
from digits_core.hooks.registry import Registry
from digits_core.service.following import require_number
from digits_core.service.views.choices import ChoiceView, ParameterView
from digits_core.spec.model import Spec, parse
from digits_core.spec.schedule import POLICIES, Schedule
from digits_core.spec.solver import SOLVERS, SolverBase

#: Keys of a schema that bound a number, and what a view calls them.
_BOUNDS = {"minimum": "minimum", "exclusiveMinimum": "above", "maximum": "maximum", "exclusiveMaximum": "below"}


class _Scheduled(Spec):
    schedule: Schedule


def rate_curve(policy: Mapping[str, Any], rate: float, points: int) -> tuple[float, ...]:
    """The learning rate from the first to the last moment of training, at ``points`` places of equal distance.

    Raises:
        SpecInvalid: With everything that is wrong, or if the rate leaves the range of numbers.
    """
    # Imported where it is needed: nothing else here knows how training is done.
    from digits_core.training.schedules import learning_rate

    require_number("points", points, 2)
    schedule = parse(_Scheduled, {"schedule": dict(policy)}).schedule
    end = math.nextafter(100, 0)  # What is due at the end of training is not done any more.
    curve = tuple(learning_rate(schedule, rate, min(100 * place / (points - 1), end)) for place in range(points))
    if not all(map(math.isfinite, curve)):
        hint = "Choose a smaller gamma or power."
        raise SpecInvalid("The learning rate grows beyond all numbers.", where="schedule", hint=hint)
    return curve


def policy_choices() -> tuple[ChoiceView, ...]:
    """How the learning rate may change, in documentation order."""
    return tuple(_choice(name, model, "policy") for name, model in POLICIES.items())


def solver_choices(plugins: Registry[SolverBase]) -> tuple[ChoiceView, ...]:
    """How weights may be updated: the core's solvers, then those of plugins; broken ones are left out."""
    return (*(_choice(name, model, "name") for name, model in SOLVERS.items()), *_of_plugins(plugins))


def _of_plugins(plugins: Registry[SolverBase]) -> Iterator[ChoiceView]:
    for name in plugins.available():
        with contextlib.suppress(DigitsError):
            yield _choice(name, plugins.get(name), "name", plugins.entry(name).plugin)


def _choice(name: str, model: type[Spec], tag: str, plugin: str = "") -> ChoiceView:
    schema = model.model_json_schema()
    summary, _, rest = _plain(schema.get("description", "")).partition("\n\n")
    _, _, source = rest.partition("Source: ")
    return ChoiceView(
        name=name,
        summary=summary,
        source=source,
        plugin=plugin,
        parameters=tuple(_parameter(key, field) for key, field in schema["properties"].items() if key != tag),
    )


def _parameter(name: str, field: Mapping[str, Any]) -> ParameterView:
    forms = field.get("anyOf", [field])
    form = next(form for form in forms if form.get("type") != "null")
    return ParameterView(
        name=name,
        type=form.get("type", "string"),
        optional=form is not field,
        default=field.get("default"),
        description=_plain(field.get("description", "")).partition("\n\n")[0],
        **{ours: form[theirs] for theirs, ours in _BOUNDS.items() if theirs in form},
    )


def _plain(text: str) -> str:
    r"""A docstring as text for people: a paragraph on a line, without marks.

    >>> _plain("Drops ``step``\nby γ.\n\nSource: Somebody,\n*A title*.")
    'Drops step by γ.\n\nSource: Somebody, A title.'
    """
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", text.replace("``", ""))
    return re.sub(r"\*(\S[^*]*)\*(?=[,. ])", r"\1", text)
