import numpy as np
import pytest
from PIL import Image

from digits_core.dataset.opened import open_dataset
from digits_core.errors import NameUnknown, SnapshotDamaged
from digits_core.inference.classify import Labels, classify, softmax, tally
from digits_core.inference.lists import Listed
from digits_core.inference.model import load_model
from digits_core.inference.pictures import ListedPictures
from digits_core.inference.runtimes import BackendRuntime
from digits_core.spec.solver import Sgd
from digits_core.store.home import Home
from digits_numpy.backend import NumpyBackend


@pytest.fixture
def store(trained, home):
    return Home(home)


@pytest.fixture
def model(store):
    return load_model(store, "finished")


@pytest.fixture
def runtime(model):
    return BackendRuntime(NumpyBackend(), model.options)


@pytest.fixture
def files(model):
    """Pictures of files, as the model sees them."""
    return lambda *paths: ListedPictures([Listed(str(path)) for path in paths], model)


def test_softmax_is_exact_for_large_and_small_logits():
    logits = np.array([[1000.0, 1000.0, -1000.0], [0.0, np.log(3.0), -np.inf]], np.float32)
    found = softmax(logits)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]], atol=1e-7)


def test_probabilities_are_sorted_and_sum_to_one(model, runtime, files, trained):
    (prediction,) = classify(model, files(trained / "red" / "00.png"), runtime, top=9)
    chances = [guess.probability for guess in prediction.top]
    assert chances == sorted(chances, reverse=True) and sum(chances) == pytest.approx(1)
    assert {guess.label for guess in prediction.top} == {"red", "green", "blue"}


def test_a_picture_is_seen_as_its_dataset_saw_it(store, model, runtime, files, trained):
    """The logits of a file equal those of its stored pixels: no train/serve skew."""
    opened = open_dataset(store.dataset_folder("colours"))
    reader = opened.split("val")
    pixels = reader.read(np.arange(len(reader)))
    from digits_core.contracts.backend import BuildContext

    backend = NumpyBackend()
    program = backend.build(model.graph, Sgd(), model.options, BuildContext(backend.devices()[0]))
    logits = program.predict(program.load(model.arrays), pixels)[model.graph.output]
    paths = [trained / reader.key(index) for index in range(len(reader))]
    for row, prediction in zip(softmax(logits), classify(model, files(*paths), runtime, top=3), strict=True):
        found = {guess.label: guess.probability for guess in prediction.top}
        np.testing.assert_allclose([found[label] for label in opened.manifest.labels], row, rtol=1e-6)


def test_one_picture_that_cannot_be_read_does_not_cost_the_others(model, runtime, files, trained, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    paths = [trained / "red" / "00.png", tmp_path / "text.png", tmp_path / "missing.png", trained / "blue" / "00.png"]
    predictions = classify(model, files(*paths), runtime)
    assert [prediction.problem is None for prediction in predictions] == [True, False, False, True]
    assert [prediction.image for prediction in predictions] == [str(path) for path in paths]
    assert "text.png" in predictions[1].problem.message and not predictions[1].top


def test_more_pictures_than_one_batch_keep_their_order(model, runtime, files, trained):
    paths = sorted(trained.glob("*/*.png"))
    together = classify(model, files(*paths), runtime, top=1, batch=10)
    assert len(paths) > 32
    for path, prediction in list(zip(paths, together, strict=True))[::7]:
        (alone,) = classify(model, files(path), runtime, top=1)
        assert alone.top[0].label == prediction.top[0].label
        assert alone.top[0].probability == pytest.approx(prediction.top[0].probability, rel=1e-5)


def test_pictures_of_any_size_and_mode_are_prepared(model, runtime, files, tmp_path):
    paths = []
    for mode, size in (("L", (5, 90)), ("RGBA", (40, 7)), ("P", (16, 16)), ("CMYK", (33, 33))):
        paths.append(tmp_path / f"{mode}.{'jpg' if mode == 'CMYK' else 'png'}")
        Image.new(mode, size).save(paths[-1])
    assert all(prediction.top for prediction in classify(model, files(*paths), runtime))


def test_truth_is_a_name_or_a_number_and_what_the_model_does_not_know_is_counted(model, runtime, trained):
    truths = ("red", "2", "0", "mauve", "7", None)
    listed = [Listed(str(trained / "red" / "00.png"), truth) for truth in truths]
    predictions = classify(model, ListedPictures(listed, model), runtime)
    assert [one.truth for one in predictions] == ["red", "red", "blue", "mauve", "7", None]
    order = [guess.label for guess in predictions[0].top]
    assert [one.rank for one in predictions] == [
        order.index("red") + 1, order.index("red") + 1, order.index("blue") + 1, None, None, None
    ]  # fmt: skip
    counted = tally(predictions)
    assert (counted.samples, counted.top5, counted.unknown) == (3, 1.0, {"mauve": 1, "7": 1})
    assert counted.accuracy == sum(one.rank == 1 for one in predictions) / 3
    assert tally(predictions[-1:]) is None


def test_a_class_whose_name_is_a_number_goes_before_the_number_of_a_class():
    assert [Labels(("1", "0")).number(truth) for truth in ("1", "0", "-1", "²")] == [0, 1, None, None]


@pytest.mark.parametrize(
    ("name", "snapshot"),
    [
        ("finished", "000003-epoch"),
        ("finished@last", "000003-epoch"),
        ("finished@epoch-2", "000002-epoch"),
        ("finished@000001-epoch", "000001-epoch"),
    ],
)
def test_models_are_named_by_job_and_snapshot(store, name, snapshot):
    assert load_model(store, name).name == f"finished@{snapshot}"


def test_best_is_the_snapshot_with_the_highest_validation_accuracy(store):
    state = load_model(store, "finished@best").state
    others = [load_model(store, f"finished@epoch-{epoch}").state.metrics["val/accuracy"] for epoch in (1, 2, 3)]
    assert state.metrics["val/accuracy"] == max(others)


def test_a_damaged_newest_snapshot_gives_way_to_the_one_before_and_is_told(store):
    weights = store.job_folder("finished") / "snapshots" / "000003-epoch" / "weights.safetensors"
    weights.write_bytes(b"")
    model = load_model(store, "finished")
    assert model.state.name == "000002-epoch"
    assert "000003-epoch is damaged" in model.damaged[0].message


def test_a_damaged_snapshot_asked_for_by_name_names_the_others(store):
    weights = store.job_folder("finished") / "snapshots" / "000002-epoch" / "weights.safetensors"
    weights.write_bytes(b"")
    with pytest.raises(SnapshotDamaged) as caught:
        load_model(store, "finished@epoch-2")
    assert "finished@000003-epoch" in caught.value.hint


@pytest.mark.parametrize("name", ["finish", "finished@epoch-7", "finished@nonsense", "finished@..", "@best"])
def test_unknown_models_are_refused(store, name):
    with pytest.raises(NameUnknown):
        load_model(store, name)
