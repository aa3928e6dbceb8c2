"""Whole networks in every format: LeNet in every precision, a residual network and one of inceptions."""

import pytest

from digits_core.contracts.exporter import ExportOptions
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.inference.drawn_pictures import drawn_pictures
from digits_core.inference.exporting import ExportPlan, export_verified
from digits_core.service.networks import build_network
from digits_core.testing.exporter_suite import deployable_of, reference_for

SIDES = {"lenet": 28, "resnet-18:width=4,small_pictures=true": 12, "googlenet:width=0.1": 48}
FORMATS = discover().exporters.names()

# OpenVINO forks while it is imported, and JAX warns of that wherever it was imported before.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning")]


def _model(text):
    side = SIDES[text]
    input = NetworkInput(3, side, side, classes=10, mean="pixel")
    return deployable_of(build_network(text, input, discover().network_families))


@pytest.fixture(scope="module")
def models():
    """Each network with weights, and what the reference gives for some pictures."""
    return {text: (model := _model(text), reference_for(model, 3)) for text in SIDES}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", SIDES)
def test_a_network_goes_to_every_format(models, text, format, tmp_path):
    if missing := discover().exporters.entry(format).missing:
        pytest.skip(f"format {format} needs {', '.join(missing)}")
    exporter, (model, reference) = discover().exporters.get(format)(), models[text]
    for precision in exporter.precisions if text == "lenet" else ("fp32",):
        pictures = drawn_pictures(28, 28, 3, 20) if precision == "int8" else None
        plan = ExportPlan(tmp_path / f"{precision}{exporter.suffix}")
        found = export_verified(exporter, model, ExportOptions(precision, pictures), plan, reference)
        assert found.agreement is not None or found.not_run
