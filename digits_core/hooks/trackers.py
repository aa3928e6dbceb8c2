"""Trackers that a request names: what is wrong with them, found without following anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from digits_core.contracts.tracker import Tracker
from digits_core.errors import DigitsError, Problem, RequestWrong, SpecInvalid
from digits_core.hooks.registry import Registry
from digits_core.spec.model import parse
from digits_core.spec.trackers import chosen_trackers


def tracker_errors(
    asked: Mapping[str, Mapping[str, Any]] | None,
    usual: Mapping[str, Mapping[str, Any]],
    known: Registry[Tracker],
    where: str,
) -> Iterator[DigitsError]:
    """Everything that is wrong with the trackers of a job.

    Args:
        asked: What the job says; None: nothing.
        usual: What the settings of the home say.
        known: What plugins bring.
        where: The file of those settings.
    """
    for name, settings in chosen_trackers(asked, usual).items():
        own = set(asked.get(name, {})) if asked is not None else set()
        place = f"track.{name}" if asked is not None else f"{where}, trackers.{name}"
        try:
            kind = known.get(name)
            parse(kind.Params, settings, where=place)
        except RequestWrong as wrong:
            yield type(wrong)(
                *(Problem(problem.message, problem.where or place, problem.hint) for problem in wrong.problems)
            )
        else:
            for key in sorted(own & kind.of_home):
                hint = f"Put it into {where}: trackers: {{{name}: {{{key}: …}}}}."
                yield SpecInvalid(
                    f"{key} says where {name} writes, which no job may.", where=f"{place}.{key}", hint=hint
                )
