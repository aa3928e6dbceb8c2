"""What is wrong with a request, gathered so that it is refused once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from digits_core.errors import DigitsError, RequestWrong
from digits_core.spec.model import ModelT, parse


class Complaints:
    """Collects what is wrong with a request, so that it is refused once."""

    def __init__(self) -> None:
        self.errors: list[DigitsError] = []

    @contextmanager
    def gathered(self, where: str = "") -> Iterator[None]:
        """Keep an error of the block and go on after it.

        Args:
            where: The key of the request that the block looks at, for problems that name no place themselves.
        """
        try:
            yield
        except RequestWrong as wrong:
            places = (dataclasses.replace(item, where=item.where or where) for item in wrong.problems)
            self.errors.append(type(wrong)(*places))

    def add(self, error: DigitsError) -> None:
        """Keep an error."""
        self.errors.append(error)

    def settle(self) -> None:
        """Raise everything that was gathered: as its own class where there is only one, else as `RequestWrong`."""
        kinds = {type(error) for error in self.errors}
        problems = dict.fromkeys(problem for error in self.errors for problem in error.problems)
        if kinds:
            raise (kinds.pop() if len(kinds) == 1 else RequestWrong)(*problems)


def parse_words(
    model: type[ModelT], request: ModelT | Mapping[str, Any], where: str, complaints: Complaints
) -> ModelT | None:
    """The checked words; where some are wrong, those that are right, so that names can be looked at too."""
    if isinstance(request, model):
        return request
    data = dict(request) if isinstance(request, Mapping) else request
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        wrong = {str(detail["loc"][0]) for detail in refused.errors() if detail["loc"]}
    with complaints.gathered():
        parse(model, data, where=where)
    try:
        return model.model_validate({key: value for key, value in dict(data).items() if key not in wrong})
    except (ValidationError, TypeError, ValueError):
        return None
