"""Networks by family name or file."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from digits_core.archive.naming import is_archive
from digits_core.contracts.network_family import NetworkFamily
from digits_core.contracts.network_importer import NetworkImporter
from digits_core.errors import NetworkInvalid, Problem, require
from digits_core.graph import codec
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.memory import estimate_memory
from digits_core.hooks.registry import Registry
from digits_core.service.native import is_native, refuse_native
from digits_core.service.network_names import NETWORK, is_described, is_text
from digits_core.service.views.networks import (
    FamilyAdvice,
    ImportedNetworkView,
    LayerView,
    MemoryView,
    NetworkView,
    ParamView,
    RecipeView,
)
from digits_core.spec.files import dump_yaml, parse_marked, parse_text, read_marked
from digits_core.spec.model import parse
from digits_core.spec.origin import Origin
from digits_core.spec.paths import expanded
from digits_core.spec.solver import Sgd

#: For what batch size the memory of a network is told.
USUAL_BATCH = 64
#: Commas between params, not those within a list.
_SETTINGS = re.compile(r",(?=\s*\w+\s*=)")
_EXAMPLE = "For example resnet-50:zero_init=true,width=32."


def is_file(name: str) -> bool:
    """Whether a network is told by a file, or the text of one, rather than by its family."""
    return is_described(name) or is_native(name)


@dataclass(frozen=True, slots=True)
class ChosenFamily:
    """A family and the params it is to be built with.

    Attributes:
        name: What it was named by, without params.
        family: The family.
        params: Its params: those of its entry, and over them what the user wrote.
    """

    name: str
    family: NetworkFamily
    params: BaseModel

    def build(self, input: NetworkInput | None) -> Graph:
        """The graph for ``input``, or for the usual one.

        Raises:
            NetworkInvalid: If it cannot be built for that input; with the smallest size that it can be built for.
        """
        wanted = input or self.family.usual_input
        try:
            return self.family.build(self.params, wanted)
        except NetworkInvalid as refused:
            side = self._least_side(wanted)
            if side is None:
                raise
            raise NetworkInvalid(_too_small(self.name, wanted, side, refused)) from None

    def _least_side(self, input: NetworkInput) -> int | None:
        """The side from which on squares are large enough; None where size is not what is wrong with ``input``."""
        usual = self.family.usual_input
        sides = range(min(input.height, input.width) + 1, max(usual.height, usual.width) + 1)
        # A network that takes only some sizes, like multiples of a patch, also takes one now and then by chance.
        return next((side for side in sides if self._takes(input, side) and self._takes(input, side + 1)), None)

    def _takes(self, input: NetworkInput, side: int) -> bool:
        try:
            self.family.build(self.params, dataclasses.replace(input, height=side, width=side))
        except NetworkInvalid:
            return False
        return True


def choose_family(text: str, families: Registry[NetworkFamily]) -> ChosenFamily:
    """The family that ``NAME`` or ``NAME:key=value,key=value`` names.

    Raises:
        NameUnknown: If there is no such family.
        NetworkInvalid: With every param that is wrong.
    """
    name, _, settings = text.partition(":")
    family, entry = families.get(name)(), families.entry(name).entry
    where, problems = f"network {text}", []
    given: dict[str, Any] = {}
    for setting in _SETTINGS.split(settings) if settings else ():
        key, equals, value = setting.partition("=")
        if equals:
            given[key.strip()] = parse_text(value, where=where, error=NetworkInvalid)
        else:
            problems.append(Problem(f"A param expects key=value, found {setting!r}.", where, _EXAMPLE))
    try:
        params = parse(family.Params, {**entry.params, **given}, where=where, error=NetworkInvalid)
    except NetworkInvalid as refused:
        problems += refused.problems
    require(problems, NetworkInvalid)
    return ChosenFamily(name, family, params)


def build_network(text: str, input: NetworkInput | None, families: Registry[NetworkFamily]) -> Graph:
    """The graph of a family or file.

    Args:
        text: Name of a family, maybe with params, path of a network file or of an archive, or the text of a file.
        input: What a dataset says; None takes the usual input of the family, or what the file says.
        families: Known families.

    Raises:
        NameUnknown: If there is no such family.
        NetworkInvalid: If the network cannot be built for that input, or the file is wrong; with every problem.
        ModelInvalid: If the archive is damaged.
    """
    if is_native(text):
        raise refuse_native(text)
    if is_file(text):
        data, origin = _described(text)
        return codec.decode(data, input=input, where=origin)
    return choose_family(text, families).build(input)


def _described(text: str) -> tuple[Any, Origin]:
    """What a network file, an archive's own, or the text of one says, and on which line."""
    if is_text(text):
        return parse_marked(text, where=NETWORK, error=NetworkInvalid)
    path = expanded(text)
    if not is_archive(text):
        return read_marked(path, error=NetworkInvalid)
    # Imported where it is needed: few networks are those of archives.
    from digits_core.archive.manifest import NETWORK as NETWORK_FILE
    from digits_core.archive.reading import read_archive

    content = read_archive(path, (NETWORK_FILE,)).data[NETWORK_FILE]
    return parse_marked(content.decode(errors="replace"), where=f"{path}/{NETWORK_FILE}", error=NetworkInvalid)


def _too_small(name: str, input: NetworkInput, side: int, refused: NetworkInvalid) -> Problem:
    cause = re.sub(r"^Network \S+: ", "", refused.problems[0].message)
    return Problem(
        f"Network {name} expects pictures of at least {side}x{side}, found {input.width}x{input.height}: {cause}",
        hint=f"Use larger pictures (digits dataset create … --size {side}x{side}) or crops, or another network.",
    )


def family_view(chosen: ChosenFamily) -> FamilyAdvice:
    """What can be set of a family, and how it is usually trained."""
    fields = type(chosen.params).model_fields
    values = chosen.params.model_dump(mode="json")
    params = tuple(
        ParamView(name=name, value=values[name], description=field.description or "") for name, field in fields.items()
    )
    return FamilyAdvice(params=params, recipe=RecipeView(**dataclasses.asdict(chosen.family.recipe)))


def import_network(path: Path, importers: Registry[NetworkImporter]) -> ImportedNetworkView:
    """The network of another system that ``path`` describes.

    Raises:
        NetworkInvalid: If nobody knows such files, or the network cannot be built here; with every problem.
    """
    makers = [importers.get(name)() for name in importers.available()]
    importer = next((importer for importer in makers if importer.recognises(path)), None)
    if importer is None:
        known = ", ".join(importers.names()) or "none is installed"
        raise NetworkInvalid(
            f"{path.name} is no network file of a system that is known: {known}.",
            where=str(path),
            hint="Give a .prototxt file of Caffe; network files of ours need no import.",
        )
    found = importer.read(path)
    graph = codec.decode(dict(found.description), where=str(path))
    return ImportedNetworkView(
        name=graph.name,
        parameters=graph.parameter_count,
        layers=len(graph.layers),
        text=dump_yaml(dict(found.description)),
        notes=found.notes,
    )


def network_view(graph: Graph, advice: FamilyAdvice | None = None) -> NetworkView:
    """A graph in numbers, with what its family says of itself."""
    layers = tuple(
        LayerView(
            name=layer.name,
            op=layer.op.kind,
            inputs=layer.inputs,
            output=layer.output,
            parameters=layer.parameter_count,
            flops=layer.flops,
        )
        for layer in graph.layers
    )
    return NetworkView(
        name=graph.name,
        parameters=graph.parameter_count,
        flops=graph.flops,
        classes=graph.classes,
        layers=layers,
        memory_bytes=_memory_view(graph),
        family=advice,
    )


def _memory_view(graph: Graph) -> MemoryView:
    found = estimate_memory(graph, len(Sgd.slots), USUAL_BATCH)
    return MemoryView(**dataclasses.asdict(found), total=found.total)
