"""The confusion matrix as a picture."""

import io

import numpy as np
import pytest
from PIL import Image

from digits_core.inference.evaluate import Scorer
from digits_core.service.confusion import confusion_png
from digits_core.service.views.evaluation import EvaluationView


@pytest.fixture
def view_of():
    """The view of an evaluation where class 1 is once taken for class 0, and the last class has no pictures."""

    def make(count):
        labels = [f"a class called {number}" for number in range(count)]
        truth = np.array([*range(count - 1), 1] * 3, np.int32)
        logits = np.eye(count, dtype=np.float32)[truth]
        logits[count - 1] = np.eye(count)[0]
        scorer = Scorer(labels, labels)
        scorer.add(logits, truth)
        found = scorer.evaluation().to_dict()
        return EvaluationView(job="j", model="m@1", dataset="d", split="val", backend="numpy", **found)

    return make


@pytest.mark.parametrize("count", [3, 300, 1000])
def test_right_is_blue_wrong_is_orange_and_classes_without_pictures_are_gray(view_of, count):
    picture = Image.open(io.BytesIO(confusion_png(view_of(count)))).convert("RGB")
    assert max(picture.size) < 4200
    colours = {colour for _, colour in picture.getcolors(2**24)}
    assert (31, 95, 165) in colours and (240, 240, 240) in colours
    # Once of six pictures.
    expected = 255 + np.sqrt(1 / 6) * (np.array((214, 84, 22)) - 255)
    assert tuple(expected.round().astype(int).tolist()) in colours
