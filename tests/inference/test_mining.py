import numpy as np
import pytest
from PIL import Image

from digits_core.dataset.opened import open_dataset
from digits_core.dataset.progress import Silence
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.inference.mining import cache, neighbours
from digits_core.inference.mining.cache import EmbeddingCache, model_digest
from digits_core.inference.mining.doubts import entropies, margins, mistakes, unsure, wrong_labels
from digits_core.inference.mining.duplicates import correlation, duplicates
from digits_core.inference.mining.embeddings import Observer, Seen, embedding_layer, unit_vectors
from digits_core.inference.mining.neighbours import nearest
from digits_core.inference.model import load_model
from digits_core.inference.runtimes import BackendRuntime
from digits_core.service.networks import build_network
from digits_core.store.home import Home
from digits_numpy.backend import NumpyBackend


@pytest.fixture
def store(trained, home):
    return Home(home)


@pytest.fixture
def model(store):
    return load_model(store, "finished")


def test_likely_wrong_labels_by_hand():
    """Thresholds: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.7 + 0.6 + 0.9) / 3 = 0.733…"""
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.4, 0.6], [0.1, 0.9]], np.float32)
    found = wrong_labels(chances, np.array([0, 0, 0, 1, 1, 1]))
    assert (found.places.tolist(), found.classes.tolist()) == ([2], [1])
    # Counts [[2, 1], [0, 1]], scaled to three pictures of each class: [[2, 1], [0, 3]].
    assert found.noise == pytest.approx(1 / 6)


def test_planted_wrong_labels_are_found_and_the_noise_is_estimated():
    generator = np.random.default_rng(0)
    true = generator.integers(0, 5, 2000)
    given = true.copy()
    planted = generator.choice(2000, 200, replace=False)
    given[planted] = (true[planted] + generator.integers(1, 5, 200)) % 5
    logits = generator.normal(size=(2000, 5))
    logits[np.arange(2000), true] += 6
    chances = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    found = wrong_labels(chances, given)
    hits = set(found.places.tolist()) & set(planted.tolist())
    assert len(hits) / len(planted) > 0.9 and len(hits) / len(found.places) > 0.9
    assert (found.classes == true[found.places]).mean() > 0.9
    assert found.noise == pytest.approx(0.1, abs=0.03)


def test_pictures_of_unknown_classes_are_not_doubted():
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]], np.float32)
    truth = np.array([0, 1, -1])
    assert mistakes(chances, truth).tolist() == wrong_labels(chances, truth).places.tolist() == []


def test_mistakes_come_surest_first_and_doubts_least_sure_first_without_those_that_are_sure():
    chances = np.array([[0.45, 0.55, 0.0], [0.1, 0.9, 0.0], [0.8, 0.2, 0.0], [0.34, 0.33, 0.33]], np.float32)
    assert mistakes(chances, np.array([0, 0, 0, 1])).tolist() == [1, 0, 3]
    np.testing.assert_allclose(margins(chances), [0.1, 0.8, 0.6, 0.01], atol=1e-6)
    assert unsure(chances).tolist() == [3, 0] == unsure(chances, "entropy").tolist()
    assert entropies(np.array([[1.0, 0.0], [0.5, 0.5]], np.float32)).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("engine", ["usearch", "numpy"])
@pytest.mark.parametrize("queries", [1, 40])
def test_the_search_is_exact(engine, queries, monkeypatch):
    if engine == "usearch":
        pytest.importorskip("usearch", reason="usearch is not installed here")
    monkeypatch.setattr(neighbours, "search_engine", lambda: engine)
    monkeypatch.setattr(neighbours, "_BLOCK", 64)
    monkeypatch.setattr(neighbours, "_QUERIES", 16)
    vectors = unit_vectors(np.random.default_rng(0).normal(size=(300, 24)))
    found = nearest(vectors, vectors[:queries], 5)
    every = vectors[:queries].astype(np.float64) @ vectors.T.astype(np.float64)
    expected = np.argsort(-every, axis=1)[:, :5]
    assert found.places.tolist() == expected.tolist()
    np.testing.assert_allclose(found.similarity, np.take_along_axis(every, expected, axis=1), atol=2e-3)
    assert nearest(vectors[:3], vectors[:queries], 5).places.shape == (queries, 3)


@pytest.mark.parametrize(
    ("network", "layer"),
    [("lenet", "relu1"), ("squeezenet-1.1", "drop9"), ("resnet-18", "pool"), ("vit-tiny", "head_norm")],
)
def test_a_picture_is_known_by_what_the_last_dense_layer_takes(network, layer):
    graph = build_network(network, NetworkInput(3, 64, 64, 4, "none"), discover().network_families)
    found = embedding_layer(graph)
    assert found in {name for name in graph.layer(graph.output).inputs} | {layer}
    assert embedding_layer(graph, graph.layers[1].name) == graph.layers[1].name


def test_what_a_model_sees_does_not_depend_on_the_batch(store, model, monkeypatch):
    reader = open_dataset(store.dataset_folder("colours")).split("train")
    with Observer(model, "relu1", BackendRuntime(NumpyBackend(), model.options)) as observer:
        together = observer.see_all(reader, Silence())
        alone = observer.see(reader.read(np.array([5])))
    assert len(together.embeddings) == len(together.probabilities) == len(reader)
    np.testing.assert_allclose(together.embeddings[5], alone.embeddings[0], atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(together.embeddings.astype(np.float32), axis=1), 1, atol=2e-3)
    np.testing.assert_allclose(together.probabilities.sum(axis=1), 1, atol=1e-5)


def test_what_was_seen_is_kept_until_there_is_no_room(tmp_path, monkeypatch):
    kept = EmbeddingCache(tmp_path / "cache")
    seen = Seen(np.ones((4, 8), np.float16), np.ones((4, 2), np.float32))
    assert kept.get(("a",)) is None
    kept.put(("a",), seen)
    kept.put(("a",), seen)
    assert np.array_equal(kept.get(("a",)).embeddings, seen.embeddings)
    damaged = next((tmp_path / "cache").glob("*/embeddings.npy"))
    damaged.write_bytes(b"")
    assert kept.get(("a",)) is None
    kept.put(("a",), seen)
    monkeypatch.setattr(cache, "CACHE_BYTES", 1)
    kept.put(("b",), seen)
    assert kept.get(("a",)) is None and kept.get(("b",)) is not None


def test_models_with_other_weights_have_other_digests(store, model):
    assert model_digest(model) == model_digest(load_model(store, "finished"))
    assert model_digest(model) != model_digest(load_model(store, "finished@epoch-1"))


def test_correlation_is_one_for_equal_pictures_and_knows_those_without_contrast():
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    brighter = (picture // 2 + 60).astype(np.uint8)
    assert correlation(picture, picture) == pytest.approx(1) == pytest.approx(correlation(picture, brighter), abs=1e-3)
    assert correlation(picture, 255 - picture) < -0.99
    flat = [np.full((8, 8, 1), level, np.uint8) for level in (100, 101, 200)]
    assert [correlation(flat[0], other) for other in flat] == [1.0, 1.0, 0.0]


def test_pictures_in_two_splits_are_found_equal_mirrored_or_brighter(tmp_path):
    class Reader:
        """Pictures in memory."""

        def __init__(self, pictures):
            self.pictures = np.stack(pictures)

        def __len__(self):
            return len(self.pictures)

        def read(self, indices):
            return self.pictures[indices]

        def hashes(self):
            return self.pictures.reshape(len(self), -1)[:, :16].copy()

    generator = np.random.default_rng(0)
    train = [generator.integers(0, 200, (16, 16, 3), np.uint8) for _ in range(6)]
    fresh = generator.integers(0, 200, (16, 16, 3), np.uint8)
    val = [train[3], fresh, train[1][:, ::-1], train[0] + 30]
    sides = [(Reader(side), np.ones((len(side), 4), np.float16) / 2) for side in (train, val)]
    # All are candidates for a model that tells nothing apart, but only the nearest are compared: here the first three.
    found = duplicates(*sides, Silence())
    assert (found[0].first, found[0].second, found[0].identical) == (3, 0, True)
    assert {(pair.first, pair.second) for pair in found[1:]} == {(1, 2), (0, 3)}
    assert Image.MAX_IMAGE_PIXELS  # Pillow's own guard is left as it is.
