import pytest

from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.service.digits import Digits
from digits_core.service.networks import build_network, is_file

FILE = """
name: mine
input: {channels: 1, height: 12, width: 12, scale: 0.01, classes: 4}
layers:
  - {name: conv1, op: conv, filters: 4, kernel: 3}
  - {name: logits, op: dense, units: $classes}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    return str(path)


def test_a_family_without_a_dataset_takes_its_usual_input():
    view = Digits().network("lenet")
    assert (view.parameters, view.classes) == (431080, 10)
    assert [layer.name for layer in view.layers][:2] == ["input", "conv1"]
    assert view.layers[1].output == (20, 24, 24)


def test_a_file_is_built_as_it_says(file):
    view = Digits().network(file)
    assert view.name == "mine" and view.classes == 4 and view.layers[-1].output == (4,)


def test_a_dataset_replaces_size_and_classes_of_a_file(trained, file):
    view = Digits().network(file, "colours")
    assert view.classes == 3 and view.layers[0].output == (3, 16, 16)


def test_the_mean_of_a_job_reaches_a_network_file(file):
    shape = NetworkInput(1, 12, 12, 4, mean="pixel")
    assert "input/mean" in build_network(file, shape, discover().network_families).parameters


@pytest.mark.parametrize(("name", "file"), [("lenet", False), ("a.yaml", True), ("x/lenet", True), ("a.JSON", True)])
def test_files_are_told_from_families_by_their_form(name, file):
    assert is_file(name) == file
