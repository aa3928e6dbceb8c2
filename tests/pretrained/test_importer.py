"""What is imported computes what the network it is from computes, from raw pixels on."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from digits_core.contracts.backend import BuildContext
from digits_core.errors import ModelInvalid
from digits_core.inference.model import load_model
from digits_core.service.digits import Digits
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import Sgd
from digits_core.store.home import Home
from digits_numpy.backend import NumpyBackend

pytestmark = pytest.mark.backend("torch")
CLASSES = 5
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
HALF = np.full((2, 3), 0.5)


@pytest.fixture(scope="module")
def theirs():
    path = Path(__file__).with_name("collections_of_torch.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NETWORKS = {
    "resnet-18:width=8": (lambda t: t.Resnet(t.BasicBlock, (2, 2, 2, 2), 8, CLASSES), 40),
    "resnet-50:width=8": (lambda t: t.Resnet(t.Bottleneck, (3, 4, 6, 3), 8, CLASSES), 40),
    "vgg-11:width=8,hidden=16": (lambda t: t.Vgg((1, 1, 2, 2, 2), 8, 16, CLASSES, 64, norm=False), 64),
    "vgg-16:width=8,hidden=16,batch_norm=true": (
        lambda t: t.Vgg((2, 2, 3, 3, 3), 8, 16, CLASSES, 64, norm=True),
        64,
    ),
    "squeezenet-1.0": (lambda t: t.Squeezenet("1.0", CLASSES), 48),
    "squeezenet-1.1": (lambda t: t.Squeezenet("1.1", CLASSES), 48),
    "mobilenet-v2": (lambda t: t.MobilenetV2(CLASSES), 40),
    "efficientnet-b0": (lambda t: t.EfficientnetB0(CLASSES), 40),
    "convnext-tiny:widths=[8,16,24,32]": (lambda t: t.Convnext((8, 16, 24, 32), CLASSES), 40),
    "vit-tiny": (lambda t: t.Vit(192, 3, 32, CLASSES), 32),
}


def logits_of(name, pixels):
    """Logits of an imported model, of raw pixels [B, H, W, C], in the reference."""
    model = load_model(Home.default(), name)
    backend = NumpyBackend()
    options = BackendOptions(precision="fp64")
    program = backend.build(model.graph, Sgd(), options, BuildContext(backend.devices()[0]))
    return program.predict(program.load(model.arrays), pixels)[model.graph.output]


def expected_of(module, pixels, normalization=IMAGENET):
    import torch

    mean, std = normalization
    pictures = ((pixels / 255 - mean) / std).transpose(0, 3, 1, 2)
    with torch.no_grad():
        return module.double()(torch.from_numpy(pictures)).numpy()


def arrays_of(module):
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def save(path, state):
    safetensors.numpy.save_file({name: np.ascontiguousarray(array) for name, array in state.items()}, path)
    return path


def some_pixels(side):
    """One picture that is dark and greenish, and one that is neither."""
    noise = np.random.default_rng(3).integers(0, 90, (2, side, side, 3))
    return (noise + np.array([[0, 60, 10], [160, 90, 130]])[:, None, None]).astype(np.uint8)


def assert_near(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()), rtol=0)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_of_torchvision_or_timm_gives_the_same_logits(network, theirs, tmp_path):
    make, side = NETWORKS[network]
    # What lets signals through one network lets rounding grow in another.
    module = theirs.seeded(make(theirs), 1.3 if network == "mobilenet-v2" else 1.5)
    path = save(tmp_path / "weights.safetensors", arrays_of(module))
    request = {"name": "m", "paths": [path], "network": network, "width": side, "height": side}
    half = network.startswith("vit")
    view = Digits().import_model({**request, "normalization": "half" if half else None})
    assert view.classes == CLASSES and view.input == (side, side, 3)
    pixels = some_pixels(side)
    expected = expected_of(module, pixels, HALF if half else IMAGENET)
    assert np.abs(expected[0] - expected[1]).max() > 0.01 * np.abs(expected).max()
    assert_near(logits_of("m", pixels), expected)


def test_dense_layers_that_timm_keeps_as_convolutions_are_the_same(theirs, tmp_path):
    module = theirs.seeded(theirs.Vgg((1, 1, 2, 2, 2), 8, 16, CLASSES, 64, norm=False))
    arrays, names = arrays_of(module), {"0": "pre_logits.fc1", "3": "pre_logits.fc2", "6": "head.fc"}
    shapes = {"0": (16, 64, 2, 2), "3": (16, 16, 1, 1), "6": (CLASSES, 16)}
    for place, name in names.items():
        arrays[f"{name}.weight"] = arrays.pop(f"classifier.{place}.weight").reshape(shapes[place])
        arrays[f"{name}.bias"] = arrays.pop(f"classifier.{place}.bias")
    request = {"name": "m", "paths": [save(tmp_path / "v.safetensors", arrays)], "width": 64, "height": 64}
    Digits().import_model({**request, "network": "vgg-11:width=8,hidden=16"})
    pixels = some_pixels(64)
    assert_near(logits_of("m", pixels), expected_of(module, pixels))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict_is_recognised_by_its_names_whatever_its_form(zipped, theirs, tmp_path):
    import torch

    module = theirs.seeded(theirs.Squeezenet("1.1", CLASSES))
    path = tmp_path / "squeezenet.pth"
    state = {f"module.{name}": tensor for name, tensor in module.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, path, _use_new_zipfile_serialization=zipped)
    view = Digits().import_model({"name": "m", "paths": [path]})
    assert view.network == "squeezenet-1.1" and view.input == (224, 224, 3) and view.picture == (256, 256, 3)
    small = Digits().import_model({"name": "s", "paths": [path], "width": 48, "height": 48})
    assert small.picture == (55, 55, 3)
    pixels = some_pixels(48)
    assert_near(logits_of("s", pixels), expected_of(module, pixels))


def test_alexnet_of_torchvision_is_another_network_and_says_so(theirs, tmp_path):
    import torch

    module = theirs.seeded(theirs.OneTower(CLASSES))
    path = tmp_path / "alexnet.pth"
    torch.save(module.state_dict(), path)
    request = {"name": "m", "paths": [path], "width": 63, "height": 63}
    with pytest.raises(ModelInvalid, match="another network than ours, which is Caffe's"):
        Digits().import_model({**request, "network": "alexnet"})
    view = Digits().import_model(request)
    assert view.network == "alexnet-one-tower" and any("one tower" in note for note in view.notes)
    pixels = some_pixels(63)
    assert_near(logits_of("m", pixels), expected_of(module, pixels))


@pytest.fixture
def resnet(theirs):
    module = theirs.seeded(theirs.Resnet(theirs.BasicBlock, (2, 2, 2, 2), 8, CLASSES))
    return arrays_of(module)


def test_everything_that_does_not_fit_is_told_at_once(resnet, tmp_path):
    del resnet["layer2.0.bn1.running_var"]
    resnet["conv1.weight"] = resnet["conv1.weight"][:, :2]
    resnet["layer9.weight"] = np.zeros(3, np.float32)
    path = save(tmp_path / "r.safetensors", resnet)
    with pytest.raises(ModelInvalid) as refused:
        Digits().import_model({"name": "m", "paths": [path], "network": "resnet-18:width=8"})
    message = str(refused.value)
    assert "layer2.0.bn1.running_var expects shape [16]" in message and "found nothing" in message
    assert "conv1.weight expects shape [8, 3, 7, 7]" in message and "found shape [8, 2, 7, 7]" in message
    assert "layer9.weight [3] is no weight of network resnet-18" in message
    assert len(refused.value.problems) == 3


def test_numbers_that_are_not_finite_are_refused(resnet, tmp_path):
    resnet["fc.bias"][2] = np.nan
    path = save(tmp_path / "r.safetensors", resnet)
    with pytest.raises(ModelInvalid, match="fc/bias expects finite numbers"):
        Digits().import_model({"name": "m", "paths": [path], "network": "resnet-18:width=8"})


@pytest.mark.parametrize(
    ("name", "reason"),
    [("inception3a.branch1.conv.weight", "torchvision's GoogLeNet"), ("conv_proj.weight", "larger than our vit")],
)
def test_a_network_that_is_not_ours_is_refused_with_the_reason(name, reason, tmp_path):
    path = save(tmp_path / "x.safetensors", {name: np.zeros((4, 3, 1, 1), np.float32)})
    with pytest.raises(ModelInvalid, match=reason):
        Digits().import_model({"name": "m", "paths": [path]})


def test_what_pixels_went_through_is_asked_where_the_names_do_not_tell(theirs, tmp_path):
    module = theirs.seeded(theirs.Vit(192, 3, 32, CLASSES))
    path = save(tmp_path / "v.safetensors", arrays_of(module))
    with pytest.raises(ModelInvalid, match="Add --normalization imagenet"):
        Digits().import_model({"name": "m", "paths": [path]})


def test_half_precision_in_either_form_is_read(resnet, tmp_path):
    import torch
    from safetensors.torch import save_file

    state = {name: torch.from_numpy(array).bfloat16() for name, array in resnet.items() if array.dtype == np.float32}
    save_file(state, tmp_path / "r.safetensors")
    torch.save(state, tmp_path / "r.pth")
    for name in ("safetensors", "pth"):
        request = {"name": name, "paths": [tmp_path / f"r.{name}"], "network": "resnet-18:width=8"}
        Digits().import_model(request)
        arrays = load_model(Home.default(), name).arrays
        np.testing.assert_array_equal(arrays["fc/kernel"], state["fc.weight"].float().numpy())
