"""What an inspection found, as plain data."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from digits_core.inference.inspection.comparison import PARTED, Comparison, Difference
from digits_core.inference.inspection.layers import InspectedLayer, Inspection
from digits_core.inference.inspection.report import verdict
from digits_core.inference.inspection.saliency import Saliency
from digits_core.inference.inspection.statistics import Statistics
from digits_core.service.views.classification import GuessView
from digits_core.service.views.inspection import (
    ComparisonView,
    DifferenceView,
    InspectedLayerView,
    InspectionView,
    LayerDifferenceView,
    SaliencyView,
    TensorView,
)
from digits_core.spec.inspection import InspectionSpec


def inspection_view(
    inspection: Inspection,
    request: InspectionSpec,
    saliency: tuple[SaliencyView, ...],
    comparison: Comparison | None,
    notes: tuple[str, ...],
) -> InspectionView:
    """What was found as plain data."""
    graph = inspection.model.graph
    return InspectionView(
        model=inspection.model.name,
        network=graph.name,
        backend=inspection.runtime,
        image=str(request.image),
        input=(graph.input.height, graph.input.width, graph.input.channels),
        top=_top(inspection, request.top),
        parameters=graph.parameter_count,
        activations=sum(seen.activation.size for seen in inspection.layers),
        layers=tuple(map(_layer_view, inspection.layers)),
        saliency=saliency,
        comparison=_comparison_view(comparison, request.top) if comparison else None,
        notes=notes,
    )


def _top(inspection: Inspection, count: int) -> tuple[GuessView, ...]:
    chances = inspection.probabilities[: len(inspection.labels)]
    order = np.argsort(-chances, kind="stable")[:count].tolist()
    return tuple(GuessView(label=inspection.labels[place], probability=float(chances[place])) for place in order)


def _layer_view(seen: InspectedLayer) -> InspectedLayerView:
    layer = seen.layer
    return InspectedLayerView(
        name=layer.name,
        op=layer.op.kind,
        inputs=layer.inputs,
        output=layer.output,
        parameters=layer.parameter_count,
        flops=layer.flops,
        activation=_tensor_view(seen.statistics),
        saturated=seen.saturated,
        silent=seen.silent,
        weights={name: _tensor_view(found) for name, found in seen.weight_statistics.items()},
    )


def _tensor_view(found: Statistics) -> TensorView:
    return TensorView.model_validate(asdict(found))


def saliency_view(inspection: Inspection, found: Saliency, backend: str) -> SaliencyView:
    """What counts in the picture, in numbers of six digits."""
    return SaliencyView(
        method=found.method,
        label=inspection.labels[found.label],
        probability=found.probability,
        backend=backend,
        layer=found.layer or None,
        window=found.window or None,
        values=tuple(tuple(float(f"{value:.6g}") for value in row) for row in found.values.tolist()),
    )


def _comparison_view(comparison: Comparison, top: int) -> ComparisonView:
    return ComparisonView(
        model=comparison.other.model.name,
        backend=comparison.other.runtime,
        top=_top(comparison.other, top),
        parts_at=comparison.parts_at,
        parted=PARTED,
        summary=verdict(comparison),
        layers=tuple(
            LayerDifferenceView(
                name=found.name,
                activation=_difference_view(found.activation),
                weights={name: _difference_view(one) for name, one in found.weights.items()},
            )
            for found in comparison.layers
        ),
        only_here=comparison.only_one,
        only_there=comparison.only_other,
    )


def _difference_view(found: Difference | None) -> DifferenceView | None:
    if found is None:
        return None
    return DifferenceView(max_abs=found.largest, relative=found.relative, cosine=found.cosine)
