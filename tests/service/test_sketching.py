"""Networks that somebody is choosing or writing."""

import pytest

from digits_core.errors import NetworkInvalid
from digits_core.service.digits import Digits

TEXT = """format: digits/network
version: 1
name: mine
layers:
  - {name: conv1, op: conv, filters: 4, kernel: 3}
  - {name: logits, op: dense}
"""


def test_a_text_is_built_for_a_dataset_drawn_and_counted(trained):
    seen = Digits().sketch({"dataset": "colours", "network": TEXT, "epochs": "not looked at"})
    assert not seen.mistakes and seen.network.classes == 3
    assert seen.network.layers[1].output == (4, 14, 14) and "<svg" in seen.drawing


def test_every_mistake_of_a_text_has_its_line():
    wrong = TEXT.replace("op: conv,", "op: convv,").replace("kernel: 3", "kernel: 3").replace("op: dense", "op: dens")
    seen = Digits().sketch({"network": wrong})
    assert [mistake.line for mistake in seen.mistakes] == [5, 6] and seen.network is None
    assert "conv" in seen.mistakes[0].hint
    assert Digits().sketch({"network": "name: [\n"}).mistakes[0].line == 2


def test_a_start_tells_what_is_loaded_and_what_is_new(trained):
    same = Digits().sketch({"dataset": "colours", "start": "finished"})
    assert "conv1/kernel" in same.start.loaded and not same.start.initialised
    other = Digits().sketch({"dataset": "colours", "start": "finished", "network": "lenet:hidden=7"})
    assert "conv1/kernel" in other.start.loaded and other.start.initialised and other.start.skipped


def test_networks_are_sized_for_the_pictures_or_say_why_they_cannot_be(trained):
    sizes = {view.name: view for view in Digits().sized_networks("colours")}
    assert sizes["lenet"].parameters and sizes["lenet"].flops
    assert "at least" in sizes["alexnet"].refused and sizes["alexnet"].parameters is None


def test_the_form_of_a_network_has_the_defaults_of_its_name():
    form = Digits().family_form("resnet-18")
    assert form["properties"]["depth"]["default"] == 18 and form["properties"]["width"]["minimum"] == 1


def test_the_network_of_a_job_comes_back_as_text(trained):
    text = Digits().network_of_job("finished")
    assert "units: $classes" in text and Digits().sketch({"dataset": "colours", "network": text}).network


def test_a_job_is_trained_from_a_text(trained):
    request = {"dataset": "colours", "network": TEXT, "name": "texted", "backend": "numpy", "epochs": 1, "batch": 9}
    assert Digits().train(request).network == "mine (custom)"
    assert Digits().clone("texted", {})["network"] == TEXT


def test_a_wrong_text_makes_no_job_and_names_the_line(trained):
    with pytest.raises(NetworkInvalid, match="network:5") as refused:
        Digits().submit({"dataset": "colours", "network": TEXT.replace("filters: 4", "filters: 0"), "batch": 9})
    assert len(refused.value.problems) == 1 and Digits().jobs()[-1].job == "finished"
