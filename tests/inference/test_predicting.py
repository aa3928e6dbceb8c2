"""Pictures in order through a predictor, read ahead by threads."""

import threading
import time

import numpy as np
import pytest

from digits_core.contracts.runtime import Predictor
from digits_core.errors import Problem
from digits_core.inference.pictures import Pictures, Read
from digits_core.inference.predicting import predict


class Numbered(Pictures):
    """Picture i is one pixel of value i; every seventh cannot be read."""

    def __init__(self, count, threads=3):
        self._count, self._threads, self.read_by, self.most = count, threads, set(), 0

    def __len__(self):
        return self._count

    @property
    def threads(self):
        return self._threads

    def name(self, number):
        return str(number)

    def truth(self, number):
        return None

    def read(self, numbers):
        self.read_by.add(threading.get_ident())
        self.most = max(self.most, numbers.stop)
        time.sleep(0.001)
        good = [number for number in numbers if number % 7]
        pixels = np.array(good, np.uint8).reshape(-1, 1, 1, 1)
        return Read(numbers, pixels, {number: Problem("no.") for number in numbers if number % 7 == 0})


class Echo(Predictor):
    """The logits of a picture are its pixels."""

    def __init__(self):
        self.sizes = []

    def predict(self, images):
        self.sizes.append(len(images))
        return {"out": images.reshape(len(images), -1).astype(np.float32)}

    def close(self):
        pass


@pytest.mark.parametrize(
    ("count", "batch"), [(1, 8), (7, 8), (8, 8), (9, 8), (100, 8), (100, 7), (100, 1000), (250, 1)]
)
def test_every_picture_comes_once_in_order_with_its_own_logits(count, batch):
    numbers, problems, predictor = [], {}, Echo()
    for found in predict(predictor, "out", Numbered(count), batch):
        assert found.logits[:, 0].tolist() == found.numbers.tolist() if len(found.numbers) else True
        numbers += found.numbers.tolist()
        problems |= found.problems
    assert numbers == [number for number in range(count) if number % 7]
    assert sorted(problems) == [number for number in range(count) if number % 7 == 0]
    # Only one size of batch is ever compiled where there are several.
    assert len(set(predictor.sizes)) <= 1


def test_few_pictures_are_shared_among_all_threads():
    pictures = Numbered(24, threads=4)
    assert len(list(predict(Echo(), "out", pictures, 64))) == 1
    assert len(pictures.read_by) == 4


def test_reading_keeps_near_what_is_computed_and_ends_with_it():
    pictures = Numbered(10_000)
    before = threading.active_count()
    results = predict(Echo(), "out", pictures, 8)
    next(results)
    time.sleep(0.05)
    assert pictures.most <= 8 * 8
    results.close()
    assert threading.active_count() == before
