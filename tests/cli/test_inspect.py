"""`digits inspect`."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from PIL import Image

from digits_core.store.snapshots import list_snapshots


@pytest.fixture
def red(trained):
    return trained / "red" / "00.png"


class Page(HTMLParser):
    """Counts tags and keeps what they point to; whatever is opened is closed."""

    VOID = frozenset({"meta", "img", "rect", "path", "line", "th", "td", "tr", "i", "div"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.targets = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.targets += [value for name, value in attributes if name in ("src", "href")]


def test_every_layer_is_told_in_numbers(digits, red):
    answer = digits("inspect", "finished", red, "--backend", "numpy")
    assert answer.status == 0, answer
    assert "finished@000003-epoch in numpy looks at" in answer.out
    assert re.search(r"^conv1 +conv +20 × 12 × 12 +1,520 ", answer.out, re.MULTILINE)
    found = digits("inspect", "finished", red, "--backend", "numpy", "--json").data
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert list(layers) == ["input", "conv1", "pool1", "conv2", "pool2", "fc1", "relu1", "fc2"]
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert found["activations"] == sum(sum(layer["activation"]["histogram"]["counts"]) for layer in found["layers"])
    assert layers["relu1"]["saturated"] == layers["relu1"]["activation"]["zeros"] and "saturated" not in layers["fc1"]
    assert layers["conv1"]["weights"]["conv1/kernel"]["shape"] == [20, 3, 5, 5]
    assert {guess["label"] for guess in found["top"]} == {"blue", "green", "red"}


def test_the_report_is_one_page_that_needs_nothing_else(digits, red, tmp_path):
    page = tmp_path / "report.html"
    answer = digits("inspect", "finished@best", red, "--backend", "numpy", "-o", page, "--saliency", "occlusion",
                    "--saliency", "grad-cam", "--class", "green")  # fmt: skip
    assert answer.status == 0 and f"Wrote {page}." in answer.out, answer
    assert "occlusion in windows of 3 pixels for green" in answer.out and "grad-cam of conv2 for green" in answer.out
    text = page.read_text()
    read = Page(text)
    assert not {"script", "link", "iframe"} & set(read.tags) and "@import" not in text
    assert all(target.startswith(("data:image/png;base64,", "#")) for target in read.targets)
    assert text.count('<section id="') == 8 and read.tags.count("img") == 3 + 8 + 9
    assert 'loading="lazy"' in text and "prefers-color-scheme: dark" in text
    for name in [target[1:] for target in read.targets if target.startswith("#")]:
        assert f'id="{name}"' in text


def test_pictures_and_numbers_are_written_into_a_new_folder(digits, refused, red, tmp_path):
    folder = tmp_path / "inside"
    answer = digits("inspect", "finished", red, "--backend", "numpy", "--layers", "conv*", "--out", folder, "--json")
    assert answer.status == 0, answer
    assert json.loads((folder / "inspection.json").read_text()) == answer.data
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["000-picture.png", "001-conv1-bias.png", "001-conv1-kernel.png", "001-conv1.png",
                     "002-conv2-bias.png", "002-conv2-kernel.png", "002-conv2.png", "inspection.json"]  # fmt: skip
    with Image.open(folder / "001-conv1.png") as picture:
        assert min(picture.size) > 150
    assert "exists already" in refused("inspect", "finished", red, "--out", folder)
    assert "--report page.html" in refused("inspect", "finished", red, "--out", "page.html")


def test_a_folder_that_cannot_be_made_is_told(refused, red):
    message = refused("inspect", "finished", red, "--out", "/proc/none")
    assert "/proc/none cannot be written" in message and "--out" in message


def test_two_snapshots_stand_side_by_side(digits, red, tmp_path):
    answer = digits("inspect", "finished@epoch-1", red, "--compare", "finished@epoch-3", "--backend", "numpy",
                    "--compare-backend", "numpy", "-o", tmp_path / "both.html", "--out", tmp_path / "both",
                    "--json")  # fmt: skip
    assert answer.status == 0, answer
    found = answer.data["comparison"]
    assert found["model"] == "finished@000003-epoch" and found["parts_at"] == "conv1"
    assert found["layers"][0]["activation"] == {"max_abs": 0, "relative": 0, "cosine": 1}
    assert found["layers"][1]["weights"]["conv1/kernel"]["relative"] > 1e-3
    assert (tmp_path / "both.html").read_text().count("<section") == 8
    assert (tmp_path / "both" / "other" / "008-fc2-kernel.png").exists()


@pytest.mark.backend("torch")
def test_one_model_in_two_backends_agrees(digits, red):
    answer = digits("inspect", "finished", red, "--backend", "numpy", "--compare-backend", "torch")
    assert answer.status == 0 and "They agree: no activation has more than a relative difference" in answer.out
    assert "finished@000003-epoch in torch says" in answer.out


def test_what_is_wrong_is_told_at_once(refused, red, tmp_path):
    message = refused("inspect", "finished", tmp_path / "missing.png", "--layers", "frobnicate", "--class", "redd",
                      "--backend", "numpi")  # fmt: skip
    for words in ("missing.png cannot be read", "no layer 'frobnicate'", "Did you mean red?", "numpi"):
        assert words in message
    assert "Did you mean finished?" in refused("inspect", "finishd", red)
    assert "asked of one model" in refused("inspect", "finished", red, "--compare", "finished@best", "--saliency",
                                           "occlusion")  # fmt: skip
    message = refused("inspect", "finished", red, "--saliency", "magic")
    assert "occlusion" in message and "grad-cam" in message
    assert "expects a layer that is a picture" in refused("inspect", "finished", red, "--saliency", "grad-cam",
                                                          "--cam-layer", "fc1", "--backend", "numpy")  # fmt: skip


def test_a_job_that_trains_is_seen_at_its_latest_snapshot(digits, red, paused):
    """Snapshots are all that is read, so whoever trains is not disturbed."""
    found = digits("inspect", "finished", red, "--backend", "numpy", "--json").data
    assert found["model"] == "finished@000002-epoch"
    shutil.copytree(paused.snapshots_folder / "000001-epoch", paused.snapshots_folder / ".unfinished-000003-epoch-1-a")
    assert len(list_snapshots(paused.snapshots_folder)) == 2
    assert digits("inspect", "finished", red, "--backend", "numpy", "--json").data["model"] == "finished@000002-epoch"
