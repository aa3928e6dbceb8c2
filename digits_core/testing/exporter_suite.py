"""The conformance kit of exporters: subclass, give the exporter, run pytest.

::

    class TestMyFormat(ExporterSuite):
        @pytest.fixture
        def exporter(self):
            return MyExporter()

Give the fixture ``network`` as well to see another network than a small one with branches.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digits_core.contracts.exporter import Deployable, Exporter, ExportOptions
from digits_core.errors import ExportUnfaithful, NameTaken
from digits_core.graph.graph import Graph
from digits_core.hooks.registry import discover
from digits_core.inference.exporting import ExportPlan, Reference, export_verified, manifest_path, reference_of
from digits_core.inference.manifest import Manifest
from digits_core.inference.runtimes import BackendRuntime
from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import BackendOptions
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of


def deployable_of(graph: Graph, seed: int = 0) -> Deployable:
    """A network with random weights and logits of a size at which softmax still tells them apart."""
    used = graph.classifying()
    arrays = weights_of(used, seed)
    taken = used.input
    form = PictureForm(width=taken.width, height=taken.height, channels=taken.channels, resize="squash")
    model = Deployable("tiny", used, arrays, tuple(f"label {number}" for number in range(used.classes)), form)
    program = BackendRuntime(discover().backends.get("numpy")(), BackendOptions()).load(used, arrays)
    spread = float(np.abs(program.predict(batch_of(used).images)[used.output]).max())
    calmed = {
        name: (array * (2 / spread)).astype(np.float32) if name.startswith(f"{used.output}/") else array
        for name, array in arrays.items()
    }
    return replace(model, arrays=calmed)


def reference_for(model: Deployable, count: int = 5) -> Reference:
    """What the numpy backend gives for drawn pictures."""
    runtime = BackendRuntime(discover().backends.get("numpy")(), BackendOptions())
    return reference_of(model, runtime, batch_of(model.graph, count).images, f"{count} drawn pictures", "numpy")


class ExporterSuite:
    """What every exporter must satisfy; each network is written once per precision."""

    @pytest.fixture
    def exporter(self) -> Exporter:
        """The exporter under test."""
        raise NotImplementedError("give the fixture `exporter`")

    @pytest.fixture
    def network(self) -> Graph:
        """What is exported: pictures of 9 × 8 with 3 channels."""
        return graph_of(OP_CASES["concat"], channels=3, mean="pixel")

    @pytest.fixture
    def model(self, network: Graph) -> Deployable:
        """The network with weights."""
        return deployable_of(network)

    def test_what_it_says_of_itself_is_whole(self, exporter: Exporter) -> None:
        assert exporter.name and "fp32" in exporter.precisions
        assert not exporter.suffix or exporter.suffix.startswith(".")

    def test_what_is_written_computes_the_same_for_any_number_of_pictures(
        self, exporter: Exporter, model: Deployable, tmp_path: Path
    ) -> None:
        reference = reference_for(model)
        for precision in exporter.precisions:
            plan = ExportPlan(tmp_path / f"{precision}{exporter.suffix}")
            options = ExportOptions(precision, batch_of(model.graph, 40).images if precision == "int8" else None)
            found = export_verified(exporter, model, options, plan, reference)
            assert found.agreement is not None or found.not_run, "what was not run has to say why"
            assert Manifest.model_validate_json(manifest_path(plan.destination).read_bytes()) == found
            assert all((tmp_path / file.path).stat().st_size == file.size_bytes for file in found.files)
            if found.agreement is not None:  # the same files, one picture
                alone = exporter.run(model, plan.destination, reference.images[:1])
                np.testing.assert_allclose(alone, reference.probabilities[:1], atol=found.agreement.tolerance + 0.2)

    def test_a_wrong_weight_is_seen_and_nothing_is_left(
        self, exporter: Exporter, model: Deployable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = f"{model.graph.output}/kernel"
        wrong = replace(model, arrays=model.arrays | {name: model.arrays[name][::-1].copy()})
        plan = ExportPlan(tmp_path / f"wrong{exporter.suffix}")
        export = exporter.export
        monkeypatch.setattr(exporter, "export", lambda _, options, destination: export(wrong, options, destination))
        with pytest.raises(ExportUnfaithful):
            export_verified(exporter, model, ExportOptions(), plan, reference_for(model))
        assert list(tmp_path.iterdir()) == []

    def test_what_is_there_is_not_overwritten(self, exporter: Exporter, model: Deployable, tmp_path: Path) -> None:
        there = tmp_path / f"there{exporter.suffix}"
        there.write_text("kept")
        with pytest.raises(NameTaken):
            export_verified(exporter, model, ExportOptions(), ExportPlan(there), reference_for(model))
        assert there.read_text() == "kept" and len(list(tmp_path.iterdir())) == 1
