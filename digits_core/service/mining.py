"""What a model says of a dataset's pictures, as the service asks for it and tells it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from digits_core.dataset.opened import Dataset
from digits_core.dataset.pictures import Pixels
from digits_core.dataset.progress import Progress
from digits_core.errors import Problem, SourceInvalid, SpecInvalid, require
from digits_core.hooks.registry import Plugins
from digits_core.inference.lists import Listed
from digits_core.inference.mining.cache import EmbeddingCache, model_digest
from digits_core.inference.mining.embeddings import Observer, Seen, embedding_layer
from digits_core.inference.mining.neighbours import nearest, search_engine
from digits_core.inference.model import Model, load_model
from digits_core.inference.pictures import ListedPictures
from digits_core.service.pictures import open_referred
from digits_core.service.runtimes import ChosenRuntime, choose_runtime
from digits_core.service.splits import own_dataset, size_misfits
from digits_core.service.views.mining import NeighbourView, SimilarView
from digits_core.spec.dataset import Split
from digits_core.spec.mining import MiningSpec
from digits_core.store.home import Home

CACHE = "cache"


@dataclass(frozen=True)
class Mine:
    """A model and the dataset that it looks at.

    Attributes:
        home: Where what was seen is kept.
        model: The model.
        dataset: The dataset.
        chosen: Who computes.
        layer: The layer whose activations stand for pictures.
        progress: Told how many pictures were seen.
    """

    home: Home
    model: Model
    dataset: Dataset
    chosen: ChosenRuntime
    layer: str
    progress: Progress

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        damaged = (
            f"{Problem(item.message, item.where)} Using {self.model.name} instead." for item in self.model.damaged
        )
        return (*damaged, *self.chosen.notes)

    @cached_property
    def _digest(self) -> str:
        return model_digest(self.model)

    def _cached(self, split: Split) -> tuple[EmbeddingCache, tuple[str, ...]]:
        """Where it is kept what the model makes of a split, and under which name."""
        cache = EmbeddingCache(self.home.path / CACHE / "embeddings")
        return cache, (self._digest, self.dataset.manifest.digest, split, self.layer, self.chosen.name)

    def has_seen(self, split: Split) -> bool:
        """Whether it is known what the model makes of the pictures of a split."""
        cache, key = self._cached(split)
        return cache.get(key) is not None

    def see(self, split: Split) -> Seen:
        """What the model makes of every picture of a split; looked up where it was seen before."""
        cache, key = self._cached(split)
        seen = cache.get(key)
        if seen is None:
            reader = self.dataset.split(split)
            self.progress.start(len(reader), f"Looking at the {split} pictures of {self.dataset.manifest.reference}")
            with Observer(self.model, self.layer, self.chosen.runtime) as observer:
                seen = observer.see_all(reader, self.progress)
            cache.put(key, seen)
        return seen

    def see_one(self, picture: Pixels) -> Seen:
        """What the model makes of one picture, uint8 ``[H, W, C]``."""
        with Observer(self.model, self.layer, self.chosen.runtime) as observer:
            return observer.see(picture[None])


def open_mine(home: Home, plugins: Plugins, spec: MiningSpec, progress: Progress) -> Mine:
    """The model and the dataset that are named.

    Raises:
        RequestWrong: If one of them is not there, or they do not fit.
    """
    loaded = load_model(home, spec.model)
    opened = open_referred(home, spec.dataset or own_dataset(home, loaded))
    require(size_misfits(loaded, opened.manifest, spec.split), SpecInvalid)
    chosen = choose_runtime(loaded, spec.runtime, spec.backend, plugins)
    return Mine(home, loaded, opened, chosen, embedding_layer(loaded.graph, spec.layer), progress)


def find_similar(mine: Mine, image: Path, split: Split, count: int) -> SimilarView:
    """The pictures that are most like ``image``; see `Digits.similar`."""
    one = mine.see_one(read_picture(mine.model, image))
    seen = mine.see(split)
    began = time.perf_counter()
    found = nearest(seen.embeddings, one.embeddings, count)
    took_ms = 1e3 * (time.perf_counter() - began)
    reader, manifest = mine.dataset.split(split), mine.dataset.manifest
    neighbours = tuple(
        NeighbourView(
            split=split,
            key=reader.key(place),
            label=manifest.labels[reader.labels[place]],
            similarity=min(similarity, 1.0),
            index=place,
        )
        for place, similarity in zip(found.places[0].tolist(), found.similarity[0].tolist(), strict=True)
    )
    return SimilarView(
        model=mine.model.name,
        image=str(image),
        dataset=manifest.name,
        version=manifest.version,
        split=split,
        runtime=mine.chosen.name,
        layer=mine.layer,
        search=search_engine(),
        search_ms=took_ms,
        neighbours=neighbours,
        notes=mine.notes,
    )


def read_picture(model: Model, image: Path) -> Pixels:
    """A picture file as the model sees it, uint8 ``[H, W, C]``.

    Raises:
        SourceInvalid: If it cannot be read.
    """
    read = ListedPictures([Listed(str(image))], model).read(range(1))
    require(read.problems.values(), SourceInvalid)
    pixels: Pixels = read.pixels[0]
    return pixels
