"""`digits export`: files that were seen to agree, and refusals that leave nothing."""

import json

import pytest

from digits_core.hooks.registry import discover

pytestmark = pytest.mark.skipif(
    "onnx" not in discover().exporters.available(), reason="onnx and ONNX Runtime are not installed here"
)


def test_a_model_is_exported_beside_a_manifest_that_says_how_far_it_agrees(digits, trained, tmp_path):
    found = digits("export", "finished", "--to", "onnx", "-o", tmp_path / "net.onnx", "--json").data
    assert found["format"] == "onnx" and found["model"] == "finished@000003-epoch"
    assert found["labels"] == ["blue", "green", "red"] and found["input"] == [16, 16, 3]
    agreement = found["agreement"]
    assert agreement["error"] <= agreement["tolerance"] == 1e-4 and agreement["same_top1"] == 1
    assert "val pictures of colours" in agreement["pictures"]
    manifest = json.loads((tmp_path / "net.onnx.manifest.json").read_text())
    assert manifest["files"] == found["files"] and manifest["versions"].keys() == {"onnx", "onnxruntime"}
    assert found["size_bytes"] == (tmp_path / "net.onnx").stat().st_size


def test_int8_is_calibrated_and_says_what_it_cost(digits, trained, tmp_path):
    path = tmp_path / "net.onnx"
    answer = digits("export", "finished", "--to", "onnx", "-o", path, "--precision", "int8", "--json")
    assert answer.data["calibration"].endswith("train pictures of colours")
    assert answer.data["accuracy_lost"] == pytest.approx(
        answer.data["agreement"]["model_accuracy"] - answer.data["agreement"]["accuracy"]
    )
    shown = digits("export", "finished", "--to", "onnx", "-o", path, "--precision", "int8", "--force")
    assert "points lost" in shown.out and "calibrated on" in shown.out


def test_int8_of_an_archive_is_measured_on_the_dataset_that_it_is_calibrated_on(digits, trained, tmp_path):
    archive, path = tmp_path / "finished.tar.gz", tmp_path / "net.onnx"
    assert digits("archive", "finished", "-o", archive).status == 0
    asked = ("export", archive, "--to", "onnx", "-o", path, "--precision", "int8", "--force", "--calibrate")
    found = digits(*asked, "colours:train", "--json").data
    own = digits("export", "finished", *asked[2:], "colours:train", "--json").data
    assert found["agreement"] == own["agreement"] and found["accuracy_lost"] is not None and not found["note"]
    form = ("--size", "16x16", "--val", "0")
    assert digits("dataset", "create", "without", trained, *form).status == 0
    told = digits(*asked, "without").out
    assert "points lost" not in told and "was not measured" in told and "--calibrate DATASET" in told


def test_what_does_not_agree_leaves_nothing_and_says_by_how_much(digits, trained, tmp_path):
    path = tmp_path / "net.onnx"
    answer = digits("export", "finished", "--to", "onnx", "-o", path, "--precision", "fp16", "--tolerance", "0")
    assert answer.status == 1 and "found " in answer.err and "--tolerance" in answer.err
    assert not list(tmp_path.glob("net*")) and not list(tmp_path.glob(".unfinished*"))


def test_every_wrong_request_is_refused(refused, trained, tmp_path):
    (tmp_path / "there.onnx").write_text("kept")
    there = ("export", "finished", "--to", "onnx", "-o", tmp_path / "there.onnx")
    assert "exists already" in refused(*there)
    assert (tmp_path / "there.onnx").read_text() == "kept"
    new = tmp_path / "new.onnx"
    assert "Did you mean onnx" in refused("export", "finished", "--to", "onx", "-o", new)
    assert "no folder" in refused("export", "finished", "--to", "onnx", "-o", tmp_path / "nowhere" / "new.onnx")
    both = refused("export", "finished", "--to", "onnx", "-o", tmp_path / "new.txt", "--precision", "fp64")
    assert "2 problems" in both and ".onnx" in both and "fp64" in both
    assert "Only int8 is calibrated" in refused(*there[:-1], new, "--calibrate", "colours")
    assert "no dataset" in refused(*there[:-1], new, "--precision", "int8", "--calibrate", "nobody")
    assert "--to" in refused("export", "finished")
    assert "no job" in refused("export", "nobody", "--to", "onnx", "-o", new)
    assert not new.exists()


def test_formats_are_listed_with_what_they_need(digits):
    found = {view["name"]: view for view in digits("export", "--list", "--json").data["formats"]}
    assert {"onnx", "openvino", "torch-export", "jax-stablehlo", "litert", "coreml"} <= found.keys()
    assert "int8" in digits("export", "--list").out
