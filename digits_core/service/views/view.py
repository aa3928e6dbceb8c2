"""What every read model is, and what went wrong."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from digits_core.errors import DigitsError, Problem


class View(BaseModel):
    """A frozen answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, defer_build=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is unknown is left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_json(self) -> str:
        """The same as text on one line."""
        return self.model_dump_json(exclude_none=True)


class ErrorView(View):
    """What went wrong and what to do."""

    message: str
    """Who, expected, found, where."""
    hint: str = ""
    """What to do."""
    exit_status: int | None = None
    """2 where the request was wrong, 1 where the job failed; nothing where others go on."""
    problems: tuple[dict[str, str], ...] | None = None
    """Each problem with its message, place and hint."""

    @classmethod
    def of(cls, error: DigitsError) -> ErrorView:
        """The view of an error."""
        problems = tuple(problem_dict(problem) for problem in error.problems)
        message = "\n".join(str(Problem(problem.message, problem.where)) for problem in error.problems)
        return cls(message=message, hint=error.hint, exit_status=error.exit_status, problems=problems)


def problem_dict(problem: Problem) -> dict[str, str]:
    """A problem as plain data, without empty fields."""
    fields = {"message": problem.message, "where": problem.where, "hint": problem.hint}
    return {key: value for key, value in fields.items() if value}
