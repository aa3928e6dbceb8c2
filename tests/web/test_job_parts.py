"""Numbers behind the page of a job, without a browser."""

from digits_core.service.views.classification import GuessView, PredictionView
from digits_core.service.views.evaluation import EvaluationView
from digits_core.service.views.view import ErrorView
from digits_web.pages.job.use.evaluate import confusions
from digits_web.pages.job.use.many import to_csv
from digits_web.pages.job.use.matrix import FAINTEST, cells
from digits_web.parts.kept import Kept


def test_pictures_are_kept_up_to_a_size_and_the_oldest_are_forgotten():
    kept = Kept(most_bytes=10)
    tokens = [kept.add(bytes([number]) * 4).rpartition("/")[2] for number in range(3)]
    assert [kept.get(token) for token in tokens] == [None, b"\1" * 4, b"\2" * 4]
    large = kept.add(b"x" * 100).rpartition("/")[2]
    assert kept.get(large) is not None and kept.get(tokens[2]) is None


def test_cells_of_a_confusion_matrix_are_coloured_by_their_share_and_empty_ones_are_not_there():
    found = EvaluationView.model_construct(labels=("a", "b", "c"), confusion=((9, 1, 0), (0, 4, 0), (0, 0, 0)))
    assert [cell["value"][:2] + cell["value"][3:] for cell in cells(found)] == [
        [0, 0, 9, 0.9],
        [1, 0, 1, 0.1],
        [1, 1, 4, 1.0],
    ]
    right, wrong, sure = (cell["value"][2] for cell in cells(found))
    assert wrong < -FAINTEST < FAINTEST < right < sure == 1
    assert confusions(found) == [("a", "b", 1)]


def test_a_table_of_predictions_has_a_row_for_each_picture_and_says_what_could_not_be_read():
    good = PredictionView(image="a,b.png", top=(GuessView(label="cat", probability=0.75),), truth="dog", rank=2)
    bad = PredictionView(image="no.png", top=(), error=ErrorView(message="It is empty."))
    head, first, second = to_csv([good, bad]).splitlines()
    assert head.startswith("image,truth,label1,probability1,label2") and head.endswith("error")
    assert first == '"a,b.png",dog,cat,0.750000,,,,,,,,,' and second == "no.png,,,,,,,,,,,,It is empty."
