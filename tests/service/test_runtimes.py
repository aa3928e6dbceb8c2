"""Which runtime computes: ONNX Runtime unless a backend is asked for, or nothing else can."""

from dataclasses import replace

import pytest

from digits_core.errors import NameUnknown, SpecInvalid
from digits_core.hooks.registry import Registry, discover
from digits_core.inference.model import load_model
from digits_core.service.digits import Digits
from digits_core.service.runtimes import choose_runtime
from digits_core.store.home import Home

pytestmark = pytest.mark.skipif("onnx" not in discover().runtimes.available(), reason="ONNX Runtime is not installed")


@pytest.mark.parametrize(
    ("runtime", "backend", "name"),
    [(None, None, "onnx"), ("onnx", None, "onnx"), ("native", None, "numpy"), (None, "numpy", "numpy")],
)
def test_a_runtime_is_chosen_and_all_of_them_agree(trained, runtime, backend, name):
    pictures = sorted(trained.glob("*/0*.png"))
    found = Digits().classify("finished", pictures, runtime=runtime, backend=backend)
    assert found.backend == name and not found.notes
    for prediction, other in zip(
        found.predictions, Digits().classify("finished", pictures, backend="numpy").predictions, strict=True
    ):
        assert [guess.label for guess in prediction.top] == [guess.label for guess in other.top]
        assert prediction.top[0].probability == pytest.approx(other.top[0].probability, rel=1e-4)


def test_without_onnx_runtime_the_backend_of_the_job_computes(trained, home):
    nothing = replace(discover(), runtimes=Registry("runtime", "builtins:object", ()))
    model = load_model(Home(home), "finished")
    assert choose_runtime(model, None, None, nothing).name == "numpy"


def test_what_cannot_be_is_refused_in_words(trained):
    digits, picture = Digits(), [trained / "red" / "00.png"]
    with pytest.raises(NameUnknown, match=r"Unknown runtime 'onx'\. Did you mean onnx\? Known: native, onnx"):
        digits.classify("finished", picture, runtime="onx")
    with pytest.raises(SpecInvalid, match="Runtime onnx uses no backend, found backend numpy"):
        digits.classify("finished", picture, runtime="onnx", backend="numpy")
