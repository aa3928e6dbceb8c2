import numpy as np
import pytest

from digits_core.dataset.opened import open_dataset
from digits_core.inference.classify import softmax
from digits_core.inference.model import load_model
from digits_core.inference.pictures import SplitPictures
from digits_core.inference.runtimes import BackendRuntime
from digits_core.inference.top import mosaic, top_pictures
from digits_core.store.home import Home
from digits_numpy.backend import NumpyBackend


@pytest.fixture
def model(trained, home):
    return load_model(Home(home), "finished")


@pytest.fixture
def runtime(model):
    return BackendRuntime(NumpyBackend(), model.options)


@pytest.fixture
def opened(home):
    return open_dataset(Home(home).dataset_folder("colours"))


def test_the_highest_scores_of_each_class_are_those_of_a_sort(model, runtime, opened):
    reader = opened.split("train")
    found = top_pictures(model, SplitPictures(reader, opened.manifest.labels, model), runtime, 4)
    predictor = runtime.load(model.graph, model.arrays)
    scores = softmax(predictor.predict(reader.read(np.arange(len(reader))))[model.graph.output])
    for column, one in enumerate(found):
        order = np.argsort(-scores[:, column], kind="stable")[:4]
        assert [ranked.number for ranked in one.pictures] == order.tolist()
        assert [ranked.image for ranked in one.pictures] == [reader.key(index) for index in order]
        np.testing.assert_allclose([r.probability for r in one.pictures], scores[order, column], rtol=1e-5)
        assert {r.truth for r in one.pictures} <= set(model.labels)


def test_a_mosaic_has_a_row_for_each_class_and_shows_no_more_than_there_is(model, runtime, opened):
    reader = opened.split("val")
    pictures = SplitPictures(reader, opened.manifest.labels, model)
    one = mosaic(top_pictures(model, pictures, runtime, 3, [1]), reader)
    three = mosaic(top_pictures(model, pictures, runtime, 3), reader)
    everything = mosaic(top_pictures(model, pictures, runtime, 1000), reader)
    assert three.width == one.width and three.height > 2.5 * one.height
    assert everything.width > 2.5 * three.width
    # The pictures of each class are of its own colour.
    left = [three.getpixel((20, 40 + row * (three.height - 6) // 3)) for row in range(3)]
    assert [int(np.argmax(pixel)) for pixel in left] == [2, 1, 0]
