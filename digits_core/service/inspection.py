"""Inspection as the service asks for it: who computes, what is wrong with the request, and the answer as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.dataset.progress import Progress
from digits_core.disk import chosen_place, new_folder
from digits_core.errors import NameTaken, NameUnknown, Problem, SourceInvalid, SpecInvalid, suggest
from digits_core.graph.native import native_of
from digits_core.hooks.registry import Plugins
from digits_core.inference.inspection.cards import layer_files
from digits_core.inference.inspection.comparison import Comparison, compare
from digits_core.inference.inspection.layers import Inspection, chosen_layers, inspect_layers
from digits_core.inference.inspection.report import comparison_report, inspection_report, saliency_files
from digits_core.inference.inspection.saliency import Saliency, grad_cam, occlusion, require_cam_layer
from digits_core.inference.lists import Listed
from digits_core.inference.model import Model, load_model
from digits_core.inference.pictures import ListedPictures
from digits_core.service.complaints import Complaints
from digits_core.service.figures import Figure, layer_figures
from digits_core.service.inspection_view import inspection_view, saliency_view
from digits_core.service.runtimes import ChosenRuntime, choose_runtime, computing_backend
from digits_core.service.views.inspection import InspectionView
from digits_core.spec.files import dump_json
from digits_core.spec.inspection import InspectionSpec
from digits_core.store.home import Home

#: Who computes a model: its name, a runtime and a backend.
Side: TypeAlias = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A model that can be looked into.

    Attributes:
        model: It.
        chosen: Who computes.
        pixels: The picture as it sees it.
    """

    model: Model
    chosen: ChosenRuntime
    pixels: npt.NDArray[np.uint8]

    def inspect(self, globs: tuple[str, ...]) -> Inspection:
        """Look."""
        return inspect_layers(self.model, self.pixels, self.chosen.runtime, self.chosen.name, globs)


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found.

    Attributes:
        view: In numbers.
        request: What was asked.
        inspection: All of it.
        saliency: What counts in the picture.
        comparison: With the other one, if there is one.
    """

    view: InspectionView
    request: InspectionSpec
    inspection: Inspection
    saliency: tuple[Saliency, ...]
    comparison: Comparison | None

    def figures(self) -> Iterator[Figure]:
        """Every picture: that of the input and of what counts in it, then of each layer its activation and weights."""
        return layer_figures(self.inspection, self.saliency, self.request.tiles)

    def report(self) -> str:
        """One page of HTML that needs nothing else."""
        asked = {"image": self.request.image.name, "top": self.request.top, "most": self.request.tiles}
        if self.comparison is not None:
            return comparison_report(self.comparison, **asked)  # type: ignore[arg-type]
        return inspection_report(self.inspection, self.saliency, **asked)  # type: ignore[arg-type]

    def write(self, folder: Path) -> None:
        """Write ``inspection.json`` and a PNG for every activation and weight; of two models into a folder each.

        Raises:
            NameTaken: If there is something already.
            StorageUnusable: If it cannot be written there.
        """
        require_free(folder)
        with chosen_place(folder), new_folder(folder) as place:
            (place / "inspection.json").write_text(dump_json(self.view.to_dict()))
            if self.comparison is None:
                self._write_pictures(self.inspection, self.saliency, place)
                return
            for name, side in (("one", self.comparison.one), ("other", self.comparison.other)):
                (place / name).mkdir()
                self._write_pictures(side, (), place / name)

    def _write_pictures(self, side: Inspection, saliency: tuple[Saliency, ...], folder: Path) -> None:
        for name, picture in saliency_files(side, saliency):
            (folder / f"000-{name}.png").write_bytes(picture.png(enlarged=True))
        for number, seen in enumerate(side.layers, start=1):
            for name, picture in layer_files(seen, self.request.tiles):
                (folder / f"{number:03d}-{name}.png").write_bytes(picture.png(enlarged=True))


def inspect_model(home: Home, plugins: Plugins, request: InspectionSpec, progress: Progress) -> Inspected:
    """Look into a model; see `Digits.inspect`."""
    complaints, beside = Complaints(), request.compare
    one = _ready(home, plugins, (request.model, request.runtime, request.backend), request, complaints)
    other = None
    if beside is not None:
        other = _ready(
            home, plugins, (beside.model or request.model, beside.runtime, beside.backend), request, complaints
        )
        if request.saliency:
            wrong = "saliency is asked of one model, found two."
            complaints.add(SpecInvalid(wrong, where="saliency", hint="Leave out saliency, or the comparison."))
    complaints.settle()
    assert one is not None
    inspection = one.inspect(request.layers)
    saliency = tuple(_saliency(one, inspection, request, plugins, progress))
    comparison = compare(inspection, other.inspect(request.layers)) if other else None
    computed = tuple(saliency_view(inspection, *found) for found in saliency)
    notes = tuple(dict.fromkeys((*_notes(one), *(_notes(other) if other else ()))))
    view = inspection_view(inspection, request, computed, comparison, notes)
    return Inspected(view, request, inspection, tuple(found for found, _ in saliency), comparison)


def require_free(folder: Path) -> None:
    """Refuse to write over something.

    Raises:
        NameTaken: If there is something.
    """
    if folder.exists():
        raise NameTaken(f"{folder} exists already.", hint="Name a new folder with --out.")


def _ready(home: Home, plugins: Plugins, side: Side, request: InspectionSpec, complaints: Complaints) -> Ready | None:
    """A model with who computes it and the picture; what is wrong is gathered."""
    ready = None
    with complaints.gathered():
        model = load_model(home, side[0])
        _check_names(model, request, complaints)
        read = ListedPictures([Listed(str(request.image))], model).read(range(1))
        for problem in read.problems.values():
            complaints.add(SourceInvalid(problem))
        chosen = choose_runtime(model, *side[1:], plugins)
        ready = None if read.problems else Ready(model, chosen, read.pixels[0])
    return ready


def _check_names(model: Model, request: InspectionSpec, complaints: Complaints) -> None:
    """Gather names of layers and classes that the model does not have."""
    with complaints.gathered():
        chosen_layers(model.graph, request.layers)
    with complaints.gathered():
        _label_number(model, request.label)
    if "grad-cam" in request.saliency:
        with complaints.gathered():
            require_cam_layer(model.graph, request.cam_layer)


def _label_number(model: Model, label: str | None) -> int | None:
    """The number of the class called ``label``.

    Raises:
        NameUnknown: If there is none.
    """
    labels = model.labels or tuple(f"class {number}" for number in range(model.graph.classes))
    if label is None:
        return None
    if label not in labels:
        raise NameUnknown(f"Model {model.name} knows no class {label!r}.", where="label", hint=suggest(label, labels))
    return labels.index(label)


def _saliency(
    one: Ready, inspection: Inspection, request: InspectionSpec, plugins: Plugins, progress: Progress
) -> Iterator[tuple[Saliency, str]]:
    """What counts in the picture, and who computed it."""
    label = _label_number(one.model, request.label)
    if label is None:
        label = int(np.argmax(inspection.probabilities[: len(inspection.labels)]))
    for method in dict.fromkeys(request.saliency):
        if method == "occlusion":
            yield occlusion(one.model, one.pixels, label, one.chosen.runtime, progress), one.chosen.name
        else:
            name, _ = computing_backend(one.model, request.backend, plugins)
            backend = plugins.backends.get(name)()
            yield grad_cam(one.model, one.pixels, label, backend, request.cam_layer), name


def _notes(ready: Ready) -> Iterator[str]:
    model = ready.model
    for problem in model.damaged:
        yield f"{Problem(problem.message, problem.where)} Using {model.name} instead."
    native = native_of(model.graph)
    if native is not None:
        yield (
            f"Network {model.graph.name} is native to {native.backend}, which alone knows its layers: only its "
            "picture, logits and weights are shown."
        )
    yield from ready.chosen.notes
