"""Who else is told what happens in a job: names of trackers, and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from digits_core.spec.model import Name

#: What stands for no tracker where names are words.
NOBODY = "none"


def _named(value: Any) -> Any:
    """Names alone, as a list or a text with commas, become names with no settings."""
    if isinstance(value, Mapping):
        return {name: {} if settings is None else settings for name, settings in value.items()}
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"Trackers are expected as names, or as names with their settings; found {value!r}.")
    return {word.strip(): {} for word in words if word.strip() not in ("", NOBODY)}


#: Trackers by name, each with its settings.
Trackers: TypeAlias = Annotated[dict[Name, dict[str, Any]], BeforeValidator(_named)]


def chosen_trackers(asked: Mapping[str, Mapping[str, Any]] | None, usual: Mapping[str, Mapping[str, Any]]) -> Trackers:
    """The trackers of a job, each with its settings.

    Args:
        asked: What the job says; None: nothing.
        usual: What the settings of the home say: the trackers of every job that says nothing, and settings that a
            job's own go over.

    >>> chosen_trackers(None, {"csv": {}})
    {'csv': {}}
    >>> chosen_trackers({"mlflow": {"experiment": "mine"}}, {"csv": {}, "mlflow": {"uri": "http://localhost:5000"}})
    {'mlflow': {'uri': 'http://localhost:5000', 'experiment': 'mine'}}
    """
    names = usual if asked is None else asked
    return {name: {**usual.get(name, {}), **(asked or {}).get(name, {})} for name in names}
