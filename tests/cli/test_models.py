"""`digits model …`, and models where jobs are accepted."""

import json

import numpy as np
import pytest
import safetensors.numpy

SHAPES = {"conv1": (20, 3, 5, 5), "conv2": (50, 20, 5, 5), "fc1": (500, 800), "fc2": (3, 500)}


@pytest.fixture
def file(tmp_path):
    """LeNet with the names that PyTorch gives."""
    generator, state = np.random.default_rng(4), {}
    for layer, shape in SHAPES.items():
        state[f"{layer}.weight"] = generator.normal(0, 0.05, shape).astype(np.float32)
        state[f"{layer}.bias"] = np.zeros(shape[0], np.float32)
    safetensors.numpy.save_file(state, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


@pytest.fixture
def flags(file):
    return (file, "--network", "lenet", "--normalization", "unit")


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("blue\ngreen\nred\n")
    return path


def test_a_model_is_imported_shown_listed_used_and_deleted(digits, flags, labels, trained):
    shown = digits("model", "import", "net", *flags, "--labels", labels, "--json").data
    assert shown["network"] == "lenet" and shown["labels"] == ["blue", "green", "red"]
    assert shown["input"] == [28, 28, 3] and shown["picture"] == [32, 32, 3] and shown["importer"] == "pretrained"
    assert digits("model", "show", "net", "--json").data == shown
    assert digits("model", "list", "--json").data == {"models": [shown]}
    assert "digits train DATASET --from net" in digits("model", "show", "net").out
    found = digits("classify", "net", trained / "red" / "00.png", "--backend", "numpy", "--json").data
    assert found["model"] == "net"
    assert {top["label"] for top in found["predictions"][0]["top"]} == {"blue", "green", "red"}
    assert digits("model", "delete", "net", "--json").data == {"deleted": "net"}
    assert digits("model", "list").out.startswith("There are no imported models yet.")


@pytest.mark.backend("torch")
def test_every_backend_classifies_with_an_imported_model_alike(digits, flags, trained):
    digits("model", "import", "net", *flags)
    found = [
        digits("classify", "net", trained / "red" / "00.png", "--backend", backend, "--json").data["predictions"][0]
        for backend in ("numpy", "torch")
    ]
    one, other = ({top["label"]: top["probability"] for top in prediction["top"]} for prediction in found)
    assert one == pytest.approx(other, abs=1e-5) and set(one) == {"class 0", "class 1", "class 2"}


def test_train_from_a_job_lists_what_becomes_of_every_layer(digits, trained, home):
    answer = digits("train", "colours", "--from", "finished@best", "--backend", "numpy", "--epochs", "1", "--batch", 9,
                    "--lr", "0.002", "--name", "again", "--json")  # fmt: skip
    assert answer.status == 0, answer
    start = answer.data["start"]
    assert start["model"].startswith("finished@0") and start["loaded"][0] == "conv1/kernel"
    assert "conv1  loaded" in answer.err and "6 of" not in answer.err and "8 of 8 weights loaded" in answer.err
    assert json.loads((home / "jobs" / "again" / "start.json").read_text())["loaded"] == start["loaded"]
    assert digits("job", "show", "again", "--json").data["start"] == start
    assert "start" not in digits("job", "list", "--json").data["jobs"][-1]


# Refusals


def test_names_that_are_taken_by_either_kind(refused, flags, digits, trained):
    assert "A job 'finished' exists already" in refused("model", "import", "finished", *flags)
    digits("model", "import", "net", *flags)
    assert "A model 'net' exists already" in refused("model", "import", "net", *flags)
    message = refused("train", "colours", "lenet", "--backend", "numpy", "--batch", 8, "--name", "net")
    assert "A model 'net' exists already" in message
    assert "A model 'net' exists already" in refused("job", "rename", "finished", "net")


@pytest.mark.parametrize("command", ["show", "delete"])
def test_a_model_that_does_not_exist(refused, digits, flags, command):
    digits("model", "import", "net", *flags)
    assert "Did you mean net?" in refused("model", command, "nett")


def test_everything_that_is_wrong_with_an_import_is_told_at_once(refused, tmp_path):
    (tmp_path / "labels.txt").write_text("a\n\na\n")
    message = refused("model", "import", "../x", tmp_path / "nowhere.pt", "--labels", tmp_path / "no.txt")
    assert "name expects" in message
    message = refused("model", "import", "x", tmp_path / "nowhere.pt", "--labels", tmp_path / "labels.txt")
    assert "nowhere.pt is no file" in message and "labels.txt, line 2" in message and "'a' is named twice" in message


def test_a_file_that_nobody_recognises(refused, tmp_path):
    (tmp_path / "w.bin5").write_bytes(b"1")
    assert "No importer recognises w.bin5" in refused("model", "import", "x", tmp_path / "w.bin5")


def test_labels_that_are_not_as_many_as_classes(refused, flags, tmp_path):
    (tmp_path / "labels.txt").write_text("a\nb\n")
    message = refused("model", "import", "x", *flags, "--labels", tmp_path / "labels.txt")
    assert "expected 3 names of classes, found 2" in message


def test_a_mean_file_for_weights_that_bring_theirs(refused, flags, labels):
    assert "Leave --mean out" in refused("model", "import", "x", *flags, "--mean", labels)


def test_a_size_without_room_for_the_network(refused, flags):
    assert "conv2" in refused("model", "import", "x", *flags, "--size", "8")


def test_a_damaged_model(refused, digits, flags, home, trained):
    digits("model", "import", "net", *flags)
    weights = home / "models" / "net" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    message = refused("classify", "net", trained / "red" / "00.png")
    assert "Model net is damaged" in message and "digits model delete net" in message
    (home / "models" / "net" / "graph.json").write_text("{}")
    assert "another SHA-256" in refused("model", "show", "net")


def train(*flags):
    return ("train", "colours", "--backend", "numpy", "--epochs", "1", "--batch", "8", *flags)


def test_a_start_that_does_not_exist_shows_close_matches(refused, trained):
    assert "Did you mean finished?" in refused(*train("--from", "finishd"))
    assert "no snapshot 'epoch-9'" in refused(*train("--from", "finished@epoch-9"))
    assert "nowhere.pt does not exist" in refused(*train("--from", "nowhere.pt"))


def test_a_start_of_gray_pictures_for_colours(refused, digits, trained, tmp_path, home):
    digits("dataset", "create", "gray", trained, "--size", "16", "--channels", "1")
    message = refused("train", "gray", "--from", "finished", "--backend", "numpy", "--batch", "8")
    assert "expects pictures with 3 channels, found 1" in message and "--channels 3" in message


def test_a_start_of_which_nothing_fits(refused, trained, tmp_path):
    (tmp_path / "other.yaml").write_text("name: other\nlayers:\n  - {name: only, op: dense}\n")
    message = refused("train", "colours", tmp_path / "other.yaml", "--from", "finished", "--batch", "8")
    assert "Nothing of finished@000003-epoch fits network other" in message and "only/kernel" in message


def test_a_file_without_a_network(refused, trained, home):
    weights = home / "jobs" / "finished" / "snapshots" / "000003-epoch" / "weights.safetensors"
    assert "holds weights and no network" in refused(*train("--from", weights))


def test_problems_of_the_start_and_of_the_rest_are_told_at_once(refused, trained):
    message = refused(*train("--from", "finishd", "--backend", "troch", "--batch", "4000"))
    assert "finishd" in message and "troch" in message and "4000" in message


def test_neither_network_nor_start(refused, trained):
    assert "network is missing. Give it a value, or start from a model" in refused(*train())
