"""Write the pages of the reference that follow the code: run ``make docs``; a test fails while they are out of date."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from digits_core import errors
from digits_core.cli.main import app
from digits_core.events.facts import FACTS
from digits_core.graph.description import BlockDescription, InputDescription, LossDescription, NetworkDescription
from digits_core.graph.initializers import Initializer
from digits_core.graph.ops import OPS
from digits_core.graph.schema import network_schema
from digits_core.graph.tuning import Tuning
from digits_core.hooks import specs
from digits_core.spec.augment import Augmentation, ExtraAugmentation
from digits_core.spec.change import Append, Exclude, Merge, PictureReference, Relabel, Select
from digits_core.spec.dataset import ClassLimits, DatasetSpec
from digits_core.spec.files import dump_json
from digits_core.spec.imported import ModelSpec
from digits_core.spec.inspection import ComparedSpec, InspectionSpec
from digits_core.spec.job import BackendOptions, DataOptions, EarlyStopping, JobSpec, SnapshotOptions
from digits_core.spec.mining import MiningSpec
from digits_core.spec.parity import ParitySpec
from digits_core.spec.schedule import POLICIES
from digits_core.spec.solver import SOLVERS
from digits_core.spec.targets import TargetOptions

CHANGES = (Relabel, Exclude, Select, Append, Merge, PictureReference)
REFERENCE = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    made = {
        "commands.md": commands(),
        "requests.md": requests(),
        "operations.md": operations(),
        "errors.md": error_classes(),
        "plugins.md": plugins(),
        "events.md": events(),
        "network.schema.json": dump_json(network_schema()),
    }
    return {name: text.rstrip() + "\n" for name, text in made.items()}


def commands() -> str:
    """Every command with its arguments and options."""
    text = [
        "# Commands",
        "",
        "`--json` on any command prints one JSON document on stdout and nothing else there; progress and messages go",
        "to stderr. Exit status: 0 done, 1 the job or check failed, 2 the request is wrong, 130 interrupted.",
    ]
    for path, command in _commands("digits", typer.main.get_command(app)):
        text += ["", f"## {path}", "", inspect.cleandoc(command.help or ""), ""]
        rows = [_parameter_row(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            text += ["| parameter | meaning | default |", "|---|---|---|", *rows]
    return "\n".join(text)


def requests() -> str:
    """Every field of a request."""
    text = ["# Requests", "", "The fields of `job.yaml`, and what the flags of the commands fill in."]
    models: list[type[BaseModel]] = [
        JobSpec,
        DataOptions,
        Augmentation,
        ExtraAugmentation,
        TargetOptions,
        BackendOptions,
        SnapshotOptions,
        EarlyStopping,
    ]
    looking = (ParitySpec, MiningSpec, InspectionSpec, ComparedSpec)
    for model in (*models, DatasetSpec, ClassLimits, *CHANGES, ModelSpec, *looking):
        text += ["", f"## {model.__name__}", "", *_described(model)]
    text += ["", "## Solvers", "", "In every formula `∇` is the gradient, clipped, `λ = decay·decay_multiplier`,",
             "`g = ∇ + λ·w` and `lr = rate·rate_multiplier`. A plugin may bring others."]  # fmt: skip
    for name, solver in SOLVERS.items():
        text += ["", f"### {name}", "", *_described(solver, {"name"})]
    text += ["", "## Policies", "", "`i` is the percent of training that is done."]
    for name, policy in POLICIES.items():
        text += ["", f"### {name}", "", *_described(policy, {"policy"})]
    return "\n".join(text)


def operations() -> str:
    """Every operation of a network, the network file and the initializers."""
    text = [
        "# Operations",
        "",
        "What a layer of a network file may be. Shapes are `[C, H, W]` or `[F]`, without the batch.",
    ]
    text += ["", "## The network file", "", *_described(NetworkDescription)]
    for model in (InputDescription, BlockDescription, LossDescription, Tuning):
        text += ["", f"### {model.__name__}", "", *_described(model)]
    for kind, op in OPS.items():
        if kind != "input":
            text += ["", f"## {kind}", "", *_described(op)]
    text += ["", "## Initializers", "", "Write a name, or a mapping with `name` and fields."]
    for model in _members(Initializer):
        text += ["", f"### {model.model_fields['name'].default}", "", *_described(model, {"name"})]
    return "\n".join(text)


def error_classes() -> str:
    """Every class of error."""
    tree = inspect.getdoc(errors).split("::", 1)[1].strip("\n")  # type: ignore[union-attr]
    text = ["# Errors", "", "Every error says who, what was expected, what was found, where, and what to do.", ""]
    text += ["```text", inspect.cleandoc(tree), "```"]
    for error in _subclasses(errors.DigitsError):
        text += ["", f"## {error.__name__}", "", inspect.cleandoc(error.__doc__ or "").split("\n\n")[0]]
        text += ["", f"Exit status {error.exit_status}."]
    return "\n".join(text)


def plugins() -> str:
    """Every hook."""
    text = [
        "# Plugins",
        "",
        "Hooks of entry-point group `digits.plugins`; each returns a list of `Entry`, which is pure data.",
    ]
    for name, hook in vars(specs).items():
        if name.startswith("digits_"):
            text += ["", f"## {name}", "", inspect.cleandoc(hook.__doc__ or "")]
    return "\n".join(text)


def events() -> str:
    """Every fact of the journal."""
    text = ["# Events", "", "Lines of a job's `events.jsonl`: `time`, `kind` and the fields of the kind."]
    for kind, fact in FACTS.items():
        text += ["", f"## {kind}", "", inspect.cleandoc(fact.__doc__ or ""), "", "| field | type |", "|---|---|"]
        text += [
            f"| `{name}` | `{_escaped(str(kind_))}` |" for name, kind_ in fact.__annotations__.items() if name != "kind"
        ]
    return "\n".join(text)


def _commands(path: str, command: typer.core.TyperGroup) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name in sorted(command.list_commands(None)):
        inner = command.get_command(None, name)
        if isinstance(inner, typer.core.TyperGroup):
            yield from _commands(f"{path} {name}", inner)
        else:
            yield f"{path} {name}", inner


def _parameter_row(parameter: typer.core.TyperOption | typer.core.TyperArgument) -> str:
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    label = names if names.startswith("-") else names.upper()
    default = parameter.default if parameter.default not in (None, False, ...) else ""
    return f"| `{label}` | {_escaped(parameter.help or '')} | {_escaped(f'`{default}`') if default != '' else ''} |"


def _described(model: type[BaseModel], hidden: set[str] | None = None) -> list[str]:
    fields = {name: field for name, field in model.model_fields.items() if name not in (hidden or ())}
    lines = [inspect.cleandoc(model.__doc__ or "")]
    if fields:
        lines += ["", "| field | meaning | default |", "|---|---|---|"]
    for name, field in fields.items():
        default = "required"
        if field.default is not PydanticUndefined:
            value = field.default.model_dump(mode="json") if isinstance(field.default, BaseModel) else field.default
            default = "" if value is None else f"`{_escaped(str(value))}`"
        lines.append(f"| `{name}` | {_escaped(field.description or '')} | {default} |")
    return lines


def _members(annotated: object) -> list[type[BaseModel]]:
    union = annotated.__origin__  # type: ignore[attr-defined]
    return list(union.__args__)


def _subclasses(error: type[errors.DigitsError]) -> Iterator[type[errors.DigitsError]]:
    yield error
    for inner in error.__subclasses__():
        yield from _subclasses(inner)


def _escaped(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("|", "\\|"))


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text)
        print(f"wrote docs/reference/{name}")
