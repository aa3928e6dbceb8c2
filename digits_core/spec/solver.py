"""Solvers: the rule that turns a gradient into the next weights, as typed data.

The arithmetic is the same in every backend. A request names one of `SOLVERS`, or one of a plugin: that is kept as a
`NamedSolver` until somebody who knows the plugins says what it is (`digits_core.hooks.solvers`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Discriminator, SerializeAsAny, Tag, WithJsonSchema

from digits_core.spec.later_rules import AdamW, Lamb, Lars, Lion
from digits_core.spec.update_rules import AVERAGE, Adadelta, Adagrad, Adam, Nesterov, Rmsprop, Sgd, SolverBase

__all__ = [
    "AVERAGE",
    "SOLVERS",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lamb",
    "Lars",
    "Lion",
    "NamedSolver",
    "Nesterov",
    "Rmsprop",
    "Sgd",
    "Solver",
    "SolverBase",
]

#: Every solver of the core by name, in documentation order.
SOLVERS: dict[str, type[SolverBase]] = {
    "sgd": Sgd,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "rmsprop": Rmsprop,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamw": AdamW,
    "lion": Lion,
    "lars": Lars,
    "lamb": Lamb,
}


class NamedSolver(SolverBase):
    """A solver that the core does not know: its name, and fields that nobody has looked at yet."""

    model_config = ConfigDict(extra="allow")
    slots: ClassVar = ()


def _tag(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    return None if not isinstance(name, str) else name if name in SOLVERS else "plugin"


def _named(value: Any) -> Any:
    return NamedSolver.model_validate(value) if isinstance(value, dict) else value


#: For editors: any object with a name that is none of the core's.
_OTHER = WithJsonSchema(
    {
        "type": "object",
        "description": "A solver of a plugin.",
        "properties": {"name": {"type": "string", "not": {"enum": list(SOLVERS)}}},
        "required": ["name"],
    }
)

Solver = Annotated[
    Annotated[Sgd, Tag("sgd")]
    | Annotated[Nesterov, Tag("nesterov")]
    | Annotated[Adagrad, Tag("adagrad")]
    | Annotated[Rmsprop, Tag("rmsprop")]
    | Annotated[Adadelta, Tag("adadelta")]
    | Annotated[Adam, Tag("adam")]
    | Annotated[AdamW, Tag("adamw")]
    | Annotated[Lion, Tag("lion")]
    | Annotated[Lars, Tag("lars")]
    | Annotated[Lamb, Tag("lamb")]
    | Annotated[SerializeAsAny[SolverBase], BeforeValidator(_named), _OTHER, Tag("plugin")],
    Discriminator(_tag, custom_error_type="nameless", custom_error_message="expects a name, such as name: sgd"),
]
