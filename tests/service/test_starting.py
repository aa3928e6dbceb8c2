"""Jobs that start from models: what they take over, and that they need the model no more."""

import shutil

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from digits_core.contracts.backend import BuildContext
from digits_core.dataset.opened import open_dataset
from digits_core.graph.adjustment import release
from digits_core.inference.model import load_model
from digits_core.service.digits import Digits
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.store.home import Home
from digits_core.store.job import JobFolder
from digits_core.store.start import read_record, read_start
from digits_core.training.preparation import newest_start
from digits_numpy.backend import NumpyBackend

MORE = ("amber", "blue", "green", "red")
REQUEST = {"backend": "numpy", "epochs": 1, "batch": 12, "solver": {"name": "sgd", "rate": 0.002}}


@pytest.fixture
def more(trained, tmp_path):
    """Dataset `more`: the three classes of `colours`, and one before them."""
    shutil.copytree(trained, tmp_path / "more")
    (tmp_path / "more" / "amber").mkdir()
    for path in trained.glob("red/*.png"):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(tmp_path / "more" / "amber" / path.name)
    dataset = {"name": "more", "paths": (tmp_path / "more",), "width": 16, "height": 16, "encoding": "raw"}
    Digits().create_dataset(dataset)
    return dataset


def folder_of(job):
    return JobFolder(Home.default().job_folder(job))


def logits(graph, arrays, pixels):
    backend = NumpyBackend()
    program = backend.build(graph, Sgd(), BackendOptions(), BuildContext(backend.devices()[0]))
    return program.predict(program.load(arrays), pixels)[graph.output]


def test_a_class_is_added_without_losing_what_was_learned_of_the_others(more):
    """Right after the start the old classes have the rows that they had, bit by bit, and so their logits."""
    Digits().submit({**REQUEST, "dataset": "more", "start": "finished@epoch-2", "name": "grown"})
    model, grown = load_model(Home.default(), "finished@epoch-2"), folder_of("grown")
    start = newest_start(grown)
    assert start.step == 0 and start.arrays.keys() == model.arrays.keys()
    rows = [MORE.index(label) for label in model.labels]
    for name in ("fc2/kernel", "fc2/bias"):
        np.testing.assert_array_equal(start.arrays[name][rows], model.arrays[name])
    for name in model.arrays.keys() - {"fc2/kernel", "fc2/bias"}:
        np.testing.assert_array_equal(start.arrays[name], model.arrays[name])
    pixels = open_dataset(Home.default().dataset_folder("colours")).split("val").read(np.arange(9))
    before, now = logits(model.graph, model.arrays, pixels), logits(grown.graph(), start.arrays, pixels)
    np.testing.assert_allclose(now[:, rows], before, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(now[:, rows].argmax(1), before.argmax(1))


def test_twice_in_a_row_and_the_models_may_go_meanwhile(more):
    digits = Digits()
    first = digits.train({**REQUEST, "dataset": "more", "start": "finished", "name": "first"})
    assert first.state == "done" and first.start.model == "finished@000003-epoch"
    assert any("fc2 keeps the rows of blue, green, red" in note for note in first.notes)
    digits.submit({**REQUEST, "dataset": "colours", "start": "first@best", "name": "second"})
    best = load_model(Home.default(), "first@best")
    digits.delete_job("finished")
    digits.delete_job("first")
    start = newest_start(folder_of("second"))
    rows = [best.labels.index(label) for label in ("blue", "green", "red")]
    np.testing.assert_array_equal(start.arrays["fc2/kernel"], best.arrays["fc2/kernel"][rows])
    assert digits.watch("second").state == "done"
    assert digits.job("second").start.heads[0].dropped == ("amber",)


def test_what_a_job_froze_stays_as_it_was_learned_and_the_next_job_trains_it_again(more):
    digits = Digits()
    request = {**REQUEST, "dataset": "more", "decay_on": "kernels"}
    view = digits.train({**request, "start": "finished", "name": "held", "freeze": ["conv*", "fc1"]})
    model, held = load_model(Home.default(), "finished"), load_model(Home.default(), "held")
    still = [name for name in held.arrays if not name.startswith("fc2/")]
    assert view.state == "done" and len(still) == 7
    for name in still:
        np.testing.assert_array_equal(held.arrays[name], model.arrays[name])
    assert not np.array_equal(held.arrays["fc2/kernel"], read_start(folder_of("held").path)["fc2/kernel"])
    digits.submit({**REQUEST, "dataset": "more", "start": "held", "name": "whole"})
    assert folder_of("whole").graph() == release(folder_of("held").graph()) != folder_of("held").graph()


def test_layers_that_are_frozen_though_they_start_anew_are_named(more):
    request = {**REQUEST, "dataset": "more", "network": "lenet:hidden=9", "start": "finished"}
    Digits().submit({**request, "name": "odd", "freeze": ["fc1", "conv1"]})
    assert any(note.endswith("no weights for it: fc1.") for note in read_record(folder_of("odd").path).notes)


@pytest.mark.backend("torch")
@pytest.mark.backend("jax")
def test_a_snapshot_of_one_backend_starts_a_job_of_another(more):
    digits = Digits()
    digits.train({**REQUEST, "dataset": "more", "start": "finished", "backend": "torch", "name": "t"})
    view = digits.train({**REQUEST, "dataset": "more", "start": "t", "backend": "jax", "name": "j"})
    assert view.state == "done" and view.start.model == "t@000001-epoch"
    np.testing.assert_array_equal(
        read_start(folder_of("j").path)["conv1/kernel"], load_model(Home.default(), "t").arrays["conv1/kernel"]
    )


def test_the_mean_and_the_scale_of_the_model_stay_and_other_datasets_say_nothing(more):
    """Weights were learned with them, whatever the mean of the new pictures is."""
    Digits().submit({**REQUEST, "dataset": "more", "network": "lenet:scale=0.5", "start": "finished", "name": "n"})
    folder, model = folder_of("n"), load_model(Home.default(), "finished")
    np.testing.assert_array_equal(newest_start(folder).arrays["input/mean"], model.arrays["input/mean"])
    assert folder.graph().input == model.graph.input
    Digits().submit({**REQUEST, "dataset": "more", "start": "finished", "name": "p", "data": {"mean": "pixel"}})
    folder = folder_of("p")
    assert "input/mean" not in read_start(folder.path)
    expected = open_dataset(Home.default().dataset_folder("more")).mean.mean((0, 1))
    np.testing.assert_allclose(newest_start(folder).arrays["input/mean"].ravel(), expected, rtol=1e-6)
    assert any("learned with mean image, and mean pixel" in note for note in read_record(folder.path).notes)


def test_pictures_of_another_size_start_what_depends_on_it_anew_and_say_so(more, tmp_path):
    Digits().create_dataset({**more, "name": "large", "width": 20, "height": 20, "resize": "crop"})
    Digits().submit({**REQUEST, "dataset": "large", "start": "finished", "name": "l"})
    record = read_record(folder_of("l").path)
    assert list(record.initialised) == ["fc1/kernel"] and "fc1/bias" in record.loaded
    notes = " ".join(record.notes)
    assert "took pictures of 16x16, the job takes 20x20" in notes and "by squash, those of the dataset by crop" in notes
    assert "every place has the mean of its channel" in notes


def test_weights_of_a_file_start_a_job_by_their_canonical_names(more, tmp_path):
    file = tmp_path / "w.safetensors"
    shutil.copy(folder_of("finished").snapshots_folder / "000003-epoch" / "weights.safetensors", file)
    Digits().submit({**REQUEST, "dataset": "colours", "network": "lenet", "start": str(file), "name": "f"})
    record = read_record(folder_of("f").path)
    assert record.model == "w.safetensors" and "conv1/kernel" in record.loaded
    np.testing.assert_array_equal(
        read_start(folder_of("f").path)["fc1/kernel"], load_model(Home.default(), "finished").arrays["fc1/kernel"]
    )


@pytest.fixture
def imported(tmp_path):
    """Model `net`: LeNet with weights named as PyTorch names them, for colour pictures of 28x28 and three classes."""
    generator = np.random.default_rng(4)
    shapes = {"conv1": (20, 3, 5, 5), "conv2": (50, 20, 5, 5), "fc1": (500, 800), "fc2": (3, 500)}
    state = {}
    for layer, shape in shapes.items():
        state[f"{layer}.weight"] = generator.normal(0, 0.05, shape).astype(np.float32)
        state[f"{layer}.bias"] = np.zeros(shape[0], np.float32)
    safetensors.numpy.save_file(state, tmp_path / "net.safetensors")
    (tmp_path / "labels.txt").write_text("red\nblue\nviolet\n")
    request = {"name": "net", "paths": [tmp_path / "net.safetensors"], "network": "lenet", "normalization": "unit"}
    Digits().import_model({**request, "labels": tmp_path / "labels.txt"})
    return request


def test_an_imported_model_starts_a_job_and_may_go_then(more, imported):
    digits = Digits()
    dataset = {**more, "name": "d", "width": 32, "height": 32, "resize": "crop"}
    digits.create_dataset(dataset)
    digits.submit({**REQUEST, "dataset": "d", "start": "net", "name": "tuned"})
    model = load_model(Home.default(), "net")
    digits.delete_model("net")
    folder = folder_of("tuned")
    assert folder.request().spec.data.crop == 28 and folder.request().spec.data.mean == "pixel"
    arrays = newest_start(folder).arrays
    np.testing.assert_array_equal(arrays["fc2/kernel"][[1, 3]], model.arrays["fc2/kernel"][[1, 0]])
    np.testing.assert_array_equal(arrays["input/mean"], 0)
    assert digits.watch("tuned").state == "done"


def test_a_start_that_was_damaged_is_named_and_no_other_start_is_taken(more):
    Digits().submit({**REQUEST, "dataset": "more", "start": "finished", "name": "hurt"})
    path = folder_of("hurt").path / "start.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    view = Digits().watch("hurt")
    assert view.state == "failed" and "start of job hurt is damaged" in view.error.message
    (folder_of("hurt").path / "start.json").unlink()
    assert Digits().job("hurt").start is None
