"""``digits network …``."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import say, show, table, write_out
from digits_core.units import format_bytes

if TYPE_CHECKING:
    from digits_core.service.views.networks import MemoryView, NetworkView, RecipeView

app = typer.Typer(help="Look at networks, and check network files.", no_args_is_help=True, rich_markup_mode=None)

Network = Annotated[
    str, typer.Argument(help="Name of a network (NAME:key=value sets a param), a YAML or JSON file, or an archive.")
]
ForDataset = Annotated[str | None, typer.Option(help="Size and classes of this dataset, not the usual ones.")]


@app.command("list")
def list_networks(json: Json = False) -> None:
    """List networks that can be named."""
    from digits_core.service.digits import Digits

    views = Digits().networks()
    text = table(("name", "plugin", "what it is"), [(view.name, view.plugin, view.summary) for view in views])
    show({"networks": [view.to_dict() for view in views]}, text, json_wanted=json)


@app.command("show")
def show_network(network: Network, dataset: ForDataset = None, json: Json = False) -> None:
    """Show every layer with its shape, parameters and FLOPs per picture."""
    from digits_core.service.digits import Digits

    view = Digits().network(network, dataset)
    show(view.to_dict(), _describe(view), json_wanted=json)


@app.command("check")
def check(network: Network, dataset: ForDataset = None, json: Json = False) -> None:
    """Find everything that is wrong with a network."""
    from digits_core.service.digits import Digits

    view = Digits().network(network, dataset)
    data = {"name": view.name, "passed": True, "parameters": view.parameters, "flops": view.flops}
    text = f"Network {view.name} is well: {len(view.layers)} layers, {view.parameters:,} parameters."
    show(data, text, json_wanted=json)


@app.command("draw")
def draw(
    network: Network,
    dataset: ForDataset = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write it, .svg or .png. [default: NAME.svg]")
    ] = None,
    json: Json = False,
) -> None:
    """Draw a network as an SVG or PNG picture."""
    from digits_core.errors import SpecInvalid
    from digits_core.service.digits import Digits

    digits = Digits()
    target = out or Path(f"{digits.network(network, dataset).name}.svg")
    form = target.suffix.lower()
    if form not in (".svg", ".png"):
        raise SpecInvalid(f"--out expects a file .svg or .png, found {target}.", hint="For example: -o network.png")
    picture = digits.draw_network(network, dataset, "png" if form == ".png" else "svg")
    write_out(target, picture)
    show({"network": network, "file": str(target)}, f"Wrote {target}.", json_wanted=json)


@app.command("customize")
def customize(
    network: Network,
    dataset: ForDataset = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it. [default: NAME.yaml]")] = None,
    json: Json = False,
) -> None:
    """Write a network as a YAML file to change; it says $classes where the class count stands."""
    from digits_core.errors import NameTaken
    from digits_core.service.digits import Digits

    digits = Digits()
    text = digits.customize_network(network, dataset)
    target = out or Path(f"{digits.network(network, dataset).name}.yaml")
    if target.exists():
        raise NameTaken(f"{target} exists already.", hint="Name another file with --out.")
    write_out(target, text.encode())
    hint = f"Change it, then: digits network check {target}"
    show({"network": network, "file": str(target)}, f"Wrote {target}. {hint}", json_wanted=json)


@app.command("schema")
def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it. [default: print it]")] = None,
    json: Json = False,
) -> None:
    """Give the JSON schema of network files, for editors that complete and check."""
    from digits_core.service.digits import Digits
    from digits_core.spec.files import dump_json

    found = Digits().network_schema()
    if out is None:
        show(found, dump_json(found).rstrip(), json_wanted=json)
        return
    write_out(out, dump_json(found).encode())
    hint = f"# yaml-language-server: $schema={out}"
    show({"file": str(out)}, f"Wrote {out}. The first line of a network file may name it: {hint}", json_wanted=json)


@app.command("import")
def import_network(
    file: Annotated[Path, typer.Argument(help="A network of another system: a prototxt file of Caffe.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it. [default: NAME.yaml]")] = None,
    json: Json = False,
) -> None:
    """Turn a network of another system into a network file."""
    from digits_core.errors import NameTaken
    from digits_core.service.digits import Digits

    view = Digits().import_network(file)
    target = out or Path(f"{view.name}.yaml")
    if out is None and target.exists():
        raise NameTaken(f"{target} exists already.", hint="Choose another file with --out.")
    write_out(target, view.text.encode())
    for note in view.notes:
        say(note)
    data = {**view.to_dict(), "file": str(target)}
    text = f"Wrote {target}: network {view.name}, {view.layers} layers, {view.parameters:,} parameters."
    show({key: value for key, value in data.items() if key != "text"}, text, json_wanted=json)


def _memory(memory: MemoryView) -> str:
    parts = (("weights", memory.weights), ("slots", memory.slots), ("gradients", memory.gradients))
    rest = ", ".join(f"{name} {format_bytes(count)}" for name, count in (*parts, ("activations", memory.activations)))
    return f"Memory at batch 64 with sgd: about {format_bytes(memory.total)} ({rest})"


def _recipe(recipe: RecipeView) -> str:
    crop = f", crops of {recipe.crop}" if recipe.crop else ""
    mirror = ", mirrored" if recipe.mirror else ""
    return (
        f"Usually trained on pictures of {recipe.size}{crop}{mirror}, in batches of {recipe.batch}, "
        f"with {recipe.solver} at rate {recipe.rate:g}"
    )


def _told(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else jsons.dumps(value)


def _advice(view: NetworkView) -> list[str]:
    """What can be set, and how the network is usually trained; below the layers, where it is still on the screen."""
    if view.family is None:
        return []
    rows = [(param.name, _told(param.value), param.description) for param in view.family.params]
    return ["", table(("param", "value", "meaning"), rows), _recipe(view.family.recipe)]


def _describe(view: NetworkView) -> str:
    rows = [
        (layer.name, layer.op, "x".join(map(str, layer.output)), layer.parameters, layer.flops) for layer in view.layers
    ]
    return "\n".join(
        [
            f"Network {view.name}: {view.parameters:,} parameters, {view.flops:,} FLOPs per picture",
            _memory(view.memory_bytes),
            table(("layer", "op", "output", "parameters", "FLOPs"), rows),
            *_advice(view),
        ]
    )
