import pytest

from digits_core.errors import NameUnknown, NetworkInvalid
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


def test_params_are_set_behind_the_name_over_those_of_the_variant():
    assert Digits().network("lenet:conv1=4,hidden=9").layers[1].output == (4, 24, 24)
    view = Digits().network("resnet-18:depth=34,width=4,zero_init=true")
    assert view.name == "resnet-34" and view.layers[1].output == (4, 112, 112)
    assert {param.name: param.value for param in view.family.params}.items() >= {"depth": 34, "zero_init": True}.items()
    assert Digits().network("alexnet:filters=[2,4,6,8,10],hidden=8").layers[1].output == (2, 55, 55)
    assert Digits().network("squeezenet-1.1:version=1.0").name == "squeezenet-1.0"


def test_everything_that_is_wrong_with_params_is_told_at_once():
    with pytest.raises(NetworkInvalid) as refused:
        Digits().network("resnet-50:bare,dept=3,width=0,zero_init=perhaps")
    first, *others = map(str, refused.value.problems)
    assert "expects key=value, found 'bare'" in first and len(others) == 3
    assert any("Did you mean depth?" in problem for problem in others)
    with pytest.raises(NameUnknown, match="Did you mean resnet-50"):
        Digits().network("resnet-5:depth=50")


@pytest.mark.parametrize(
    ("name", "file"), [("lenet", False), ("a.yaml", True), ("x/lenet", True), ("a.JSON", True), ("a:b=0.5", False)]
)
def test_files_are_told_from_families_by_their_form(name, file):
    assert is_file(name) == file
