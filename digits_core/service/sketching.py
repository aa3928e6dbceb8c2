"""Networks before they are trained: what somebody is writing or choosing, drawn, counted, and with what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from digits_core.errors import DigitsError, NetworkInvalid, Problem
from digits_core.graph.adjustment import adjust
from digits_core.graph.customize import customize
from digits_core.graph.draw import draw
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import native_of
from digits_core.hooks.registry import Plugins
from digits_core.service.network_names import NETWORK
from digits_core.service.networks import build_network, choose_family, family_view, is_file, network_view
from digits_core.service.pictures import find_dataset
from digits_core.service.starting import begin, build_from, find_origin, inherit
from digits_core.service.views.jobs import StartView
from digits_core.service.views.networks import MistakeView, SizedFamilyView, SketchView
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.store.home import Home

_LINE = re.compile(rf"{NETWORK}:(\d+)\b")
#: What a request says that decides its network.
_DECISIVE = ("dataset", "network", "start", "freeze", "decay_on")


def sketch(request: Mapping[str, Any], home: Home, plugins: Plugins) -> SketchView:
    """The network of a request that is not finished; whatever is wrong with it is part of the answer.

    Args:
        request: What is asked for so far: a network or a start, maybe a dataset; other keys than those that decide the
            network are not looked at.
        home: Where datasets and models are.
        plugins: What can be named.
    """
    try:
        graph, start = _built(request, home, plugins)
    except DigitsError as refused:
        return SketchView(mistakes=tuple(mistake(problem) for problem in refused.problems))
    name = request.get("network")
    advice = family_view(choose_family(name, plugins.network_families)) if name and not is_file(name) else None
    return SketchView(network=network_view(graph, advice), drawing=draw(graph).svg(), start=start)


def _built(request: Mapping[str, Any], home: Home, plugins: Plugins) -> tuple[Graph, StartView | None]:
    asked = {key: request[key] for key in _DECISIVE if request.get(key)}
    if "dataset" not in asked:
        return build_network(str(asked.get("network", "")), None, plugins.network_families), None
    data = {key: value for key, value in request.get("data", {}).items() if key in ("crop", "mean")}
    spec = parse(JobSpec, {**asked, "data": data} if data else asked)
    manifest = find_dataset(home, spec.dataset)
    origin = find_origin(home, plugins, spec) if spec.start else None
    if origin is not None:
        spec = inherit(spec, origin, manifest)
    height, width, channels = manifest.size
    crop = spec.data.crop
    if crop is not None and crop <= min(height, width):
        height = width = crop
    input = NetworkInput(channels, height, width, len(manifest.classes), spec.data.mean)
    if origin is None:
        graph = adjust(build_network(spec.network or "", input, plugins.network_families), spec.freeze, spec.decay_on)
        return graph, None
    graph = adjust(build_from(origin, spec, input, plugins), spec.freeze, spec.decay_on)
    record, _ = begin(origin, graph, spec, manifest)
    return graph, StartView.model_validate(record.model_dump())


def mistake(problem: Problem) -> MistakeView:
    """A problem, and the line of the network's text that it is in.

    >>> mistake(Problem("Unknown op 'convv'.", "network:7, layers.0.op")).line
    7
    """
    found = _LINE.search(problem.where)
    return MistakeView(
        message=problem.message, where=problem.where, hint=problem.hint, line=int(found[1]) if found else None
    )


def sized_families(dataset: str | None, home: Home, plugins: Plugins) -> Iterator[SizedFamilyView]:
    """Every network that can be named, as large as it is for the pictures of a dataset.

    Args:
        dataset: The dataset; None: the usual input of each.
        home: Where datasets are.
        plugins: What can be named.
    """
    input = None
    if dataset is not None:
        manifest = find_dataset(home, dataset)
        height, width, channels = manifest.size
        input = NetworkInput(channels, height, width, len(manifest.classes))
    families = plugins.network_families
    for owned in families.entries():
        told = {"name": owned.entry.name, "summary": owned.entry.summary, "plugin": owned.plugin}
        try:
            graph = choose_family(owned.entry.name, families).build(input)
        except DigitsError as refused:
            yield SizedFamilyView(**told, refused=refused.problems[0].message)
        else:
            yield SizedFamilyView(**told, parameters=graph.parameter_count, flops=graph.flops)


def family_form(name: str, plugins: Plugins) -> dict[str, Any]:
    """The JSON schema of what can be set of a network; its defaults are those of the name that is given.

    Raises:
        NameUnknown: If there is no such family.
    """
    params = choose_family(name, plugins.network_families).params
    schema = type(params).model_json_schema()
    for key, value in params.model_dump(mode="json").items():
        schema["properties"][key]["default"] = value
    return schema


def text_of(graph: Graph) -> str:
    """A network as the text of a network file, for people to change.

    Raises:
        NetworkInvalid: If it is a Python file.
    """
    if native_of(graph) is not None:
        raise NetworkInvalid(
            f"Network {graph.name} is a Python file, which no text can tell.", hint="Choose another job, or the file."
        )
    return customize(graph)
