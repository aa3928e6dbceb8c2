"""Prototxt and caffemodel become models that compute what Caffe computes."""

import struct

import numpy as np
import pytest
from PIL import Image

from digits_caffe.blobs import read_caffemodel, read_mean
from digits_caffe.model_importer import CaffeModelImporter
from digits_core.contracts.backend import BuildContext
from digits_core.contracts.model_importer import ImportOptions
from digits_core.errors import ModelInvalid, NetworkInvalid
from digits_core.hooks.registry import discover
from digits_core.spec.job import JobSpec
from tests.caffe import arithmetic
from tests.caffe.files import blob, write_caffemodel

NETWORK = """
name: "small" input: "data" input_dim: 1 input_dim: 3 input_dim: 11 input_dim: 11
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 k: 2 } }
layer { name: "max" type: "Pooling" bottom: "norm1" top: "max"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "mean" type: "Pooling" bottom: "norm1" top: "mean"
  pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "sum" type: "Eltwise" bottom: "max" bottom: "mean" top: "sum" }
layer { name: "conv2" type: "Convolution" bottom: "sum" top: "conv2"
  convolution_param { num_output: 6 kernel_size: 1 group: 2 bias_term: false } }
layer { name: "bn" type: "BatchNorm" bottom: "conv2" top: "conv2" batch_norm_param { eps: 0.01 } }
layer { name: "scale" type: "Scale" bottom: "conv2" top: "conv2" scale_param { bias_term: true } }
layer { name: "both" type: "Concat" bottom: "conv2" bottom: "sum" top: "both" }
layer { name: "fc" type: "InnerProduct" bottom: "both" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
FC = 'layer { name: "fc" type: "InnerProduct" bottom: "%s" top: "fc" inner_product_param { num_output: 3 %s } }\n'
HEAD = 'input: "data" input_dim: [1, 3, 4, 4]\n'


def small_weights():
    random = np.random.default_rng(4)
    return {
        "conv1": [random.normal(size=(4, 3, 3, 3)), random.normal(size=4)],
        "conv2": [random.normal(size=(6, 2, 1, 1))],
        "bn": [random.normal(size=6), random.uniform(20, 90, 6), np.array([40.0])],
        "scale": [random.normal(size=6), random.normal(size=6)],
        "fc": [random.normal(size=(5, 10 * 4 * 4)), random.normal(size=5)],
    }


def by_hand(picture, mean, weights):
    """The logits of `NETWORK` for an RGB picture ``[H, W, 3]`` and a BGR mean."""
    x = picture[:, :, ::-1].transpose(2, 0, 1) - mean
    x = arithmetic.lrn(np.maximum(arithmetic.conv(x, *weights["conv1"], stride=2, pad=1), 0), 3, 0.5, 0.75, 2)
    x = arithmetic.pool(x, 3, 2, 1, "MAX") + arithmetic.pool(x, 3, 2, 1, "AVE")
    y = arithmetic.conv(x, weights["conv2"][0], np.zeros(6), group=2)
    y = arithmetic.batch_norm_and_scale(y, *weights["bn"], *weights["scale"], eps=0.01)
    return weights["fc"][0] @ np.concatenate([y, x]).reshape(-1) + weights["fc"][1]


@pytest.fixture
def read(tmp_path):
    """The model of a prototxt and weights, which are written first."""

    def call(network, weights, old=False, **options):
        prototxt = tmp_path / "deploy.prototxt"
        prototxt.write_text(network)
        path = tmp_path / "weights.caffemodel"
        if isinstance(weights, bytes):
            path.write_bytes(weights)
        else:
            write_caffemodel(path, weights, old)
        build = None  # No importer of whole networks builds others.
        return CaffeModelImporter().read([path, prototxt], ImportOptions(build, **options))

    return call


def logits(model, pictures, backend="numpy"):
    """What a backend computes for uint8 ``[B, H, W, 3]``."""
    made = discover().backends.get(backend)()
    spec = JobSpec(dataset="d", network="n", backend=backend, options={"precision": "fp32"})
    program = made.build(model.graph, spec.solver, spec.options, BuildContext(made.devices()[0], seed=0))
    return program.predict(program.load(model.arrays), pictures)[model.graph.output]


@pytest.mark.parametrize("old", [False, True], ids=["layer", "layers"])
@pytest.mark.parametrize("backend", ["numpy", pytest.param("torch", marks=pytest.mark.backend("torch"))])
def test_an_imported_model_computes_what_caffe_does(read, tmp_path, old, backend):
    random = np.random.default_rng(0)
    mean = random.uniform(90, 130, (3, 11, 11)).astype(np.float32)
    (tmp_path / "mean.binaryproto").write_bytes(blob(mean, old=True).SerializeToString())
    weights = small_weights()
    model = read(NETWORK, weights, old, mean=tmp_path / "mean.binaryproto", labels=tuple("abcde"))
    pictures = random.integers(0, 256, (2, 11, 11, 3), dtype=np.uint8)
    expected = np.array([by_hand(picture.astype(np.float64), mean, weights) for picture in pictures])
    np.testing.assert_allclose(logits(model, pictures, backend), expected, rtol=2e-5, atol=2e-4)
    assert model.labels == tuple("abcde") and model.notes == ()
    assert (model.picture.width, model.picture.channels, model.picture.resize) == (11, 3, "squash")


@pytest.mark.parametrize("correction", [0.0, 1.0])
def test_a_batch_norm_of_nvcaffe_computes_what_nvcaffe_does(read, correction):
    """It keeps the averages themselves, whatever the correction says, and its scale and bias behind them."""
    weights = small_weights()
    mean, variance = weights["bn"][0], weights["bn"][1] / 40
    apart = {**weights, "bn": [mean, variance, 1.0]}
    network = NETWORK.replace("eps: 0.01", "eps: 0.01 scale_bias: true")
    network = "".join(line for line in network.splitlines(keepends=True) if 'name: "scale"' not in line)
    weights["bn"] = [mean, variance, np.array([correction]), *weights.pop("scale")]
    model = read(network, weights)
    picture = np.random.default_rng(0).integers(0, 256, (1, 11, 11, 3), dtype=np.uint8)
    expected = by_hand(picture[0].astype(np.float64), 0, apart)
    np.testing.assert_allclose(logits(model, picture)[0], expected, rtol=2e-5, atol=2e-4)


def test_arrays_of_nvcaffe_for_a_batch_norm_without_scale_are_refused(read):
    weights = small_weights()
    weights["bn"] += weights["scale"]
    with pytest.raises(ModelInvalid, match=r"bn \(BatchNorm\) expects 3 arrays, found 5"):
        read(NETWORK, weights)


def test_the_command_imports_an_old_file_with_its_mean_and_labels_and_classifies(digits, tmp_path):
    random, weights = np.random.default_rng(7), small_weights()
    mean = random.uniform(90, 130, (3, 11, 11)).astype(np.float32)
    picture = random.integers(0, 256, (11, 11, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "picture.png")
    (tmp_path / "deploy.prototxt").write_text(NETWORK)
    (tmp_path / "mean.binaryproto").write_bytes(blob(mean, old=True).SerializeToString())
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\ndog\nelk\n")
    files = tmp_path / "deploy.prototxt", write_caffemodel(tmp_path / "weights.caffemodel", weights, old=True)
    made = digits("model", "import", "zoo", *files, "--mean", tmp_path / "mean.binaryproto",
                  "--labels", tmp_path / "labels.txt", "--json")  # fmt: skip
    assert made.status == 0, made.err
    assert made.data["importer"] == "caffe" and made.data["labels"] == ["ant", "bee", "cat", "dog", "elk"]
    found = digits("classify", "zoo", tmp_path / "picture.png", "--backend", "numpy", "--json").data
    expected = arithmetic.softmax(by_hand(picture.astype(np.float64), mean, weights))
    probabilities = {top["label"]: top["probability"] for top in found["predictions"][0]["top"]}
    assert probabilities == pytest.approx(dict(zip(made.data["labels"], expected, strict=True)), abs=1e-4)


def test_the_middle_of_a_larger_mean_is_subtracted_and_pictures_take_its_size(read, tmp_path):
    mean = np.random.default_rng(0).uniform(90, 130, (3, 16, 16)).astype(np.float32)
    np.save(tmp_path / "mean.npy", mean)
    model = read(NETWORK, small_weights(), mean=tmp_path / "mean.npy")
    assert (model.picture.width, model.picture.height, model.graph.input.width) == (16, 16, 11)
    assert np.array_equal(model.arrays["input/mean"], mean[::-1, 2:13, 2:13])


def test_mean_values_and_scale_of_a_training_file_are_applied(read):
    data = 'layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }\n'
    data += "transform_param { crop_size: 4 scale: 0.5 mean_value: 1 mean_value: 2 mean_value: 3 } }\n"
    kernel = np.arange(3 * 48, dtype=np.float32).reshape(3, 48)
    loss = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }'
    model = read(data + FC % ("data", "") + loss, {"fc": [kernel, np.zeros(3)]})
    assert model.arrays["input/mean"].reshape(-1).tolist() == [3, 2, 1]
    picture = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3), dtype=np.uint8)
    bgr = (picture[0, :, :, ::-1].transpose(2, 0, 1) - np.array([1, 2, 3])[:, None, None]) * 0.5
    np.testing.assert_allclose(logits(model, picture)[0], kernel @ bgr.reshape(-1), rtol=1e-5)


@pytest.mark.parametrize(
    "first",
    [
        'layer { name: "a" type: "BatchNorm" bottom: "data" top: "x" }',
        'layer { name: "a" type: "Scale" bottom: "data" top: "x" }',
        'layer { name: "p" type: "Pooling" bottom: "data" top: "x" pooling_param { pool: AVE kernel_size: 1 } }',
        'layer { name: "p" type: "Flatten" bottom: "data" top: "x" }',
    ],
)
def test_colours_are_turned_wherever_they_reach(read, first):
    random = np.random.default_rng(1)
    arrays = {"BatchNorm": [random.normal(size=3), np.array([1.0, 2, 3]), np.ones(1)], "Scale": [random.normal(size=3)]}
    kind = first.split('"')[3]
    kernel = random.normal(size=(3, 48))
    model = read(HEAD + first + FC % ("x", "bias_term: false"), {"a": arrays.get(kind, []), "fc": [kernel]})
    picture = random.integers(0, 256, (1, 4, 4, 3), dtype=np.uint8)
    bgr = picture[0, :, :, ::-1].transpose(2, 0, 1).astype(np.float64)
    if kind == "BatchNorm":
        mean, variance, _ = arrays[kind]
        bgr = (bgr - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
    if kind == "Scale":
        bgr = bgr * arrays[kind][0][:, None, None]
    np.testing.assert_allclose(logits(model, picture)[0], kernel @ bgr.reshape(-1), rtol=1e-4)


def test_colours_that_cannot_be_turned_are_refused(read):
    both = 'layer { name: "both" type: "Concat" bottom: "data" bottom: "data" top: "x" }\n'
    with pytest.raises(NetworkInvalid, match=r"both \(concat\) sees colours in a way that cannot be turned"):
        read(HEAD + both + FC % ("x", ""), {"fc": [np.zeros((3, 96)), np.zeros(3)]})


def test_a_transposed_matrix_is_turned_back(read):
    kernel = np.random.default_rng(0).normal(size=(48, 3)).astype(np.float32)
    weights = {"fc": [kernel, np.zeros(3)]}
    gray = 'input: "data" input_dim: [1, 1, 6, 8]\n'
    model = read(gray + FC % ("data", "transpose: true"), weights)
    assert np.array_equal(model.arrays["fc/kernel"], kernel.T) and model.picture.channels == 1


def test_everything_that_is_wrong_with_weights_is_named_at_once(read):
    weights = small_weights()
    weights["conv_1"] = weights.pop("conv1")
    weights["bn"] = weights["bn"][:2]
    weights["fc"][0] = weights["fc"][0][:, 1:]
    with pytest.raises(ModelInvalid) as refused:
        read(NETWORK, weights)
    text = str(refused.value)
    assert "conv1 (Convolution) of the network has no weights in the file" in text and "Did you mean conv_1?" in text
    assert "bn (BatchNorm) expects 3 arrays, found 2" in text
    assert "fc (InnerProduct) expects kernel of shape [5, 160], found [5, 159]" in text
    assert "does not need: conv_1" in text and len(refused.value.problems) == 4


def test_weights_that_nothing_needs_are_noted(read):
    model = read(NETWORK, small_weights() | {"loss1/fc": [np.ones(3)]})
    assert any("left out: loss1/fc" in note for note in model.notes)
    assert any("give it with --mean" in note for note in model.notes)


# The same numbers by hand, so that a mistake in the declared messages is seen: key = number << 3 | kind of value.
def varint(number):
    head, rest = number & 0x7F, number >> 7
    return bytes([head | 0x80]) + varint(rest) if rest else bytes([head])


def text_field(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def floats(number, values):
    return text_field(number, struct.pack(f"<{len(values)}f", *values))


def doubles(number, values):
    return text_field(number, struct.pack(f"<{len(values)}d", *values))


def old_shape(*sizes):
    return b"".join(varint(number << 3) + varint(size) for number, size in enumerate(sizes, 1))


def new_shape(*sizes):
    return text_field(7, text_field(1, b"".join(map(varint, sizes))))


def test_the_bytes_of_a_present_file_are_read(tmp_path):
    blobs = floats(5, [1, 2, 3, 4, 5, 300]) + new_shape(2, 3), doubles(8, [7, 8]) + new_shape(2)
    layer = text_field(1, b"fc") + text_field(2, b"InnerProduct") + text_field(3, b"data") + text_field(4, b"fc")
    layer += floats(5, [1]) + text_field(6, b"") + b"".join(text_field(7, blob) for blob in blobs)
    layer += varint(10 << 3) + b"\x01" + text_field(117, varint(1 << 3) + b"\x02")
    (tmp_path / "w").write_bytes(text_field(1, b"net") + text_field(3, b"data") + text_field(100, layer))
    (found,) = read_caffemodel(tmp_path / "w").values()
    assert found.layer == "fc" and found.arrays[1].dtype == np.float32
    assert [array.tolist() for array in found.arrays] == [[[1, 2, 3], [4, 5, 300]], [7, 8]]


def test_the_bytes_of_an_old_file_are_read(tmp_path):
    blobs = (
        old_shape(1, 1, 2, 3) + floats(5, range(6)) + floats(6, range(6)),
        old_shape(1, 1, 1, 2) + floats(5, [9, 8]),
    )
    layer = text_field(2, b"data") + text_field(3, b"fc") + text_field(4, b"fc") + varint(5 << 3) + varint(14)
    layer += b"".join(text_field(6, blob) for blob in blobs) + floats(7, [1, 2])
    (tmp_path / "w").write_bytes(text_field(1, b"net") + text_field(2, layer))
    (found,) = read_caffemodel(tmp_path / "w").values()
    assert [array.shape for array in found.arrays] == [(1, 1, 2, 3), (1, 1, 1, 2)]
    assert found.arrays[0].reshape(-1).tolist() == [*range(6)]


def test_the_bytes_of_a_mean_are_read(tmp_path):
    (tmp_path / "mean.binaryproto").write_bytes(old_shape(1, 3, 1, 2) + floats(5, range(6)))
    assert read_mean(tmp_path / "mean.binaryproto").tolist() == [[[0, 1]], [[2, 3]], [[4, 5]]]


HUGE = text_field(100, text_field(1, b"fc") + text_field(7, new_shape(2**40, 2**40) + floats(5, [1])))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no weights of any layer"),
        (b"\x89HDF\r\n\x1a\n and more", "is an HDF5 file, which is not read"),
        (b'name: "net"\nlayer { }', "is not a caffemodel"),
        (HUGE[:-2], "is not a caffemodel: it is cut off"),
        (HUGE.replace(b"fc", b"\xff\xfe"), "�� expects 1 numbers"),
        (HUGE, "fc expects 1 numbers as shape [1099511627776, 1099511627776] says"),
        (text_field(100, text_field(1, b"fc") + text_field(7, new_shape(2**64 - 1) + floats(5, [1]))), "fc expects"),
    ],
    ids=["empty", "hdf5", "text", "cut", "no-text", "huge", "negative"],
)
def test_files_that_are_no_caffemodels_are_refused_in_one_sentence(read, content, message):
    with pytest.raises(ModelInvalid) as refused:
        read(NETWORK, content)
    assert message in str(refused.value) and len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("mean", "message"),
    [
        (np.zeros((3, 8, 8)), "expects 3 channels of at least 11x11, found 3 of 8x8"),
        (np.zeros((1, 11, 11)), "found 1 of 11x11"),
        (np.zeros((2, 3, 11, 11)), "expects a picture [C, H, W], found shape [2, 3, 11, 11]"),
        (np.full((3, 11, 11), np.nan), "numbers that are not finite"),
    ],
)
def test_a_mean_that_does_not_fit_is_refused(read, tmp_path, mean, message):
    (tmp_path / "mean.binaryproto").write_bytes(blob(mean).SerializeToString())
    with pytest.raises(ModelInvalid) as refused:
        read(NETWORK, small_weights(), mean=tmp_path / "mean.binaryproto")
    assert message in str(refused.value)


def test_files_that_are_missing_or_one_too_many_are_refused(tmp_path):
    importer, options = CaffeModelImporter(), ImportOptions(None)
    with pytest.raises(ModelInvalid, match="found 1 and 0"):
        importer.read([tmp_path / "deploy.prototxt"], options)
    (tmp_path / "deploy.prototxt").write_text(NETWORK)
    with pytest.raises(ModelInvalid, match="cannot be read: No such file"):
        importer.read([tmp_path / "deploy.prototxt", tmp_path / "gone.caffemodel"], options)
    assert importer.recognises([tmp_path / "a.prototxt", tmp_path / "b.caffemodel.h5"])
    assert not importer.recognises([tmp_path / "a.prototxt", tmp_path / "b.safetensors"])
