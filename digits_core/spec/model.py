"""The base of every spec, and the door from raw data to a checked spec."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from digits_core.errors import DigitsError, Problem, SpecInvalid, suggest
from digits_core.spec.origin import Origin

#: Names of datasets and jobs become file names, so they are bounded to what every file system takes. Networks and
#: layers keep to it too: theirs become parts of the names of weights.
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]

ModelT = TypeVar("ModelT", bound=BaseModel)


class Spec(BaseModel):
    """A frozen model that refuses unknown keys."""

    # Commands import many specs and use few: what checks a value is built when it is first needed.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
        defer_build=True,
    )


def parse(
    model: type[ModelT], data: Any, *, where: str | Origin = "", error: type[DigitsError] = SpecInvalid
) -> ModelT:
    """Check ``data`` against ``model``.

    Args:
        model: The pydantic model to build.
        data: Plain data, as read from YAML, JSON or flags.
        where: File or command that the data came from; each problem adds its key, and its line where that is known.
        error: Class of the error to raise.

    Raises:
        DigitsError: Of class ``error``, with one problem per wrong value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        origin = where if isinstance(where, Origin) else Origin(where)
        problems = [_problem(model, dict(detail), origin) for detail in refused.errors()]
        raise error(*dict.fromkeys(problems)) from None


def _problem(model: type[BaseModel], detail: dict[str, Any], origin: Origin) -> Problem:
    # The tags of unions appear in the location as their own element; they are kept: they say which solver or policy.
    place = origin.at(*detail["loc"])
    leaf = next((part for part in reversed(detail["loc"]) if isinstance(part, str)), "value")
    found = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            hint = suggest(leaf, model.model_fields) if len(detail["loc"]) == 1 else "Remove or rename it."
            return Problem(f"Unknown key {leaf!r}.", place, hint)
        case "missing" | "union_tag_not_found":
            # What says which of a union it is, the location does not name.
            tag = detail.get("ctx", {}).get("discriminator", "").strip("'")
            place = origin.at(*detail["loc"], tag) if tag else place
            return Problem(f"{tag or leaf} is missing.", place, "Give it a value.")
        case "union_tag_invalid":
            tags = [tag.strip(" '") for tag in detail["ctx"]["expected_tags"].split(",")]
            tag = detail["ctx"]["tag"]
            return Problem(f"Unknown {leaf} {tag!r}.", place, suggest(tag, tags))
        case "value_error":
            return Problem(str(detail["ctx"]["error"]), place)
        case "string_pattern_mismatch":
            return Problem(
                f"{leaf} expects letters, digits, '.', '_' and '-', starting with a letter or digit; found {found!r}.",
                place,
                "Choose another name.",
            )
        case _:
            message = str(detail["msg"])
            return Problem(f"{leaf}: {message[:1].lower()}{message[1:]}; found {found!r}.", place)
