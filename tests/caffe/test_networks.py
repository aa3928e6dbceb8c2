"""Prototxt files become networks of ours, and what cannot is named with its line."""

import pytest

from digits_caffe.layers import OLD_TYPES
from digits_caffe.network import convert, describe, input_of
from digits_core.errors import NetworkInvalid
from digits_core.graph.codec import decode
from digits_core.graph.graph import NetworkInput
from digits_core.graph.initializers import Constant, Gaussian, GlorotUniform, HeNormal, Uniform
from digits_core.service.digits import Digits
from digits_core.spec.files import parse_text
from tests.caffe import zoo

NEW = """
name: "both"
input: "data" input_shape { dim: 1 dim: 3 dim: 12 dim: 10 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  convolution_param { num_output: 4 kernel_h: 3 kernel_w: 2 pad: 1 stride: 2
    weight_filler { type: "gaussian" std: 0.01 } bias_filler { value: 0.1 } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 3 alpha: 5e-05 beta: 0.5 k: 2 } }
layer { name: "drop1" type: "Dropout" bottom: "norm1" top: "norm1" dropout_param { dropout_ratio: 0.3 } }
layer { name: "fc" type: "InnerProduct" bottom: "norm1" top: "fc"
  inner_product_param { num_output: 5 bias_term: false } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
OLD = """
name: "both"
input: "data" input_dim: 1 input_dim: 3 input_dim: 12 input_dim: 10
layers { name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1"
  blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0
  convolution_param { num_output: 4 kernel_h: 3 kernel_w: 2 pad: 1 stride: 2
    weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "constant" value: 0.1 } } }
layers { name: "relu1" type: RELU bottom: "conv1" top: "conv1" }
layers { name: "norm1" type: LRN bottom: "conv1" top: "norm1" lrn_param { local_size: 3 alpha: 5e-05 beta: 0.5 k: 2 } }
layers { name: "drop1" type: DROPOUT bottom: "norm1" top: "norm1" dropout_param { dropout_ratio: 0.3 } }
layers { name: "fc" type: INNER_PRODUCT bottom: "norm1" top: "fc"
  inner_product_param { num_output: 5 bias_term: false } }
layers { name: "prob" type: SOFTMAX bottom: "fc" top: "prob" }
"""
HEAD = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8\n'
TAIL = 'layer { name: "fc" type: "InnerProduct" bottom: "x" top: "fc" inner_product_param { num_output: 5 } }\n'


@pytest.fixture
def read(tmp_path):
    """The network that a text describes."""

    def call(text):
        path = tmp_path / "net.prototxt"
        path.write_text(text)
        described = describe(path)
        return convert(described, input_of(described.pictures))

    return call


@pytest.fixture
def op(read):
    """The operation that one layer between pictures and a dense layer becomes; None if it only passes on."""

    def call(kind, param="", bottom="data"):
        text = f'layer {{ name: "x" type: "{kind}" bottom: "{bottom}" top: "x"\n {param} }}\n'
        layers = read(HEAD + text + TAIL).graph.layers
        return layers[1].op if len(layers) > 2 else None

    return call


@pytest.mark.parametrize(
    ("text", "parameters", "side"),
    [
        (zoo.alexnet(), 60_965_224, 227),
        (zoo.googlenet(training=False), 6_998_552, 224),
        (zoo.googlenet(training=True), 13_378_280, 224),
        (zoo.vgg16(), 138_357_544, 224),
        # Caffe's has a bias in its first convolution, 64 parameters more than others'.
        (zoo.resnet50(), 25_557_032 + 64, 224),
        (zoo.squeezenet(), 1_248_424, 227),
    ],
    ids=["alexnet", "googlenet", "googlenet-with-heads", "vgg16", "resnet50", "squeezenet"],
)
def test_networks_of_the_zoo_have_the_parameters_that_were_published(read, text, parameters, side):
    graph = read(text).graph
    assert graph.parameter_count == parameters
    assert (graph.input.channels, graph.input.height, graph.input.width, graph.classes) == (3, side, side, 1000)


def test_both_syntaxes_give_the_same_network(read):
    new, old = read(NEW).graph, read(OLD).graph
    assert [layer.op for layer in new.layers] == [layer.op for layer in old.layers] and new.layers == old.layers
    conv = new.layer("conv1").op
    assert (conv.kernel, conv.padding, conv.stride) == ((3, 2), (1, 1, 1, 1), (2, 2))
    assert (conv.bias_rate, conv.bias_decay, conv.kernel_decay) == (2, 0, 1)
    assert conv.kernel_initializer == Gaussian(std=0.01) and conv.bias_initializer == Constant(value=0.1)
    assert [layer.op.kind for layer in new.layers] == ["input", "conv", "relu", "lrn", "dropout", "dense"]
    assert new.output == "fc" and not new.layer("fc").op.bias


def test_every_old_type_that_is_read_has_its_present_name():
    assert set(OLD_TYPES.values()) >= {"Convolution", "InnerProduct", "SoftmaxWithLoss", "LRN", "TanH", "ReLU"}


def test_training_has_losses_and_auxiliary_heads_with_their_weights(read):
    network = read(zoo.googlenet(training=True))
    losses = {loss.logits: loss.weight for loss in network.graph.losses}
    assert losses == {"loss1.classifier": 0.3, "loss2.classifier": 0.3, "loss3.classifier": 1}
    assert network.graph.output == "loss3.classifier"
    assert network.notes == (
        "Training cut squares of 224 pixels: train with --crop 224.",
        "Training mirrored every other picture.",
    )


def test_a_network_of_digits_is_read_for_training_and_its_classes_are_open(tmp_path):
    path = tmp_path / "lenet.prototxt"
    path.write_text(zoo.lenet())
    view = Digits().import_network(path)
    input = NetworkInput(channels=1, height=28, width=28, classes=10)
    graph = decode(parse_text(view.text, where="lenet"), input=input)
    assert graph.parameter_count == 431_080 and graph.input.scale == 0.0125
    more = decode(parse_text(view.text, where="lenet"), input=NetworkInput(1, 28, 28, 47))
    assert more.classes == 47
    assert "3 channels of 256x256 are taken until" in view.notes[0]


def test_every_head_of_an_imported_network_follows_the_dataset(tmp_path):
    path = tmp_path / "net.prototxt"
    for text, heads in ((zoo.googlenet(training=True), 3), (zoo.squeezenet(), 1)):
        path.write_text(text)
        data = parse_text(Digits().import_network(path).text, where="net")
        graph = decode(data, input=NetworkInput(3, 224, 224, 7))
        assert {graph.layer(loss.logits).output for loss in graph.losses} == {(7,)} and len(graph.losses) == heads


def test_stages_and_phases_choose_layers_as_caffe_does(read):
    def layer(name, rule):
        return f'layer {{ name: "{name}" type: "ReLU" bottom: "data" top: "data" {rule} }}\n'

    rules = {
        "always": "",
        "trains": "include { phase: TRAIN }",
        "tests": "include { phase: TEST }",
        "either": "include { phase: TEST } include { stage: 'train' }",
        "both": "include { phase: TRAIN stage: 'train' }",
        "other": "include { stage: 'train' stage: 'other' }",
        "left-out": "exclude { phase: TRAIN }",
        "kept": "exclude { stage: 'deploy' }",
        "not": "include { not_stage: 'deploy' }",
        "level": "include { min_level: 1 }",
    }
    text = HEAD + "".join(layer(name, rule) for name, rule in rules.items()) + TAIL.replace('"x"', '"data"')
    found = [layer.name for layer in read(text).graph.layers[1:-1]]
    assert found == ["always", "trains", "either", "both", "kept", "not"]


def test_a_file_with_pictures_for_deployment_only_is_read_for_that(read):
    text = 'layer { name: "d" type: "Input" top: "x" include { stage: "deploy" } '
    text += "input_param { shape { dim: [1, 1, 8, 8] } } }\n"
    assert read(text + TAIL).graph.input.channels == 1


@pytest.mark.parametrize(
    ("text", "size", "scale"),
    [
        ('type: "MemoryData" memory_data_param { batch_size: 1 channels: 1 height: 6 width: 5 }', (1, 6, 5), 1),
        ('type: "ImageData" image_data_param { new_height: 7 new_width: 9 is_color: false }', (1, 7, 9), 1),
        ('type: "DummyData" dummy_data_param { shape { dim: 1 dim: 3 dim: 4 dim: 6 } }', (3, 4, 6), 1),
        ('type: "Data" transform_param { crop_size: 5 scale: 0.017 force_gray: true }', (1, 5, 5), 0.017),
        ("type: DATA data_param { crop_size: 9 scale: 0.5 }", (3, 9, 9), 0.5),
        ('type: "HDF5Data"', (3, 256, 256), 1),
    ],
)
def test_size_and_scale_come_from_whatever_brings_the_pictures(read, text, size, scale):
    input = read(f'layer {{ name: "d" top: "x" top: "label" {text} }}\n{TAIL}').graph.input
    assert (input.channels, input.height, input.width) == size and input.scale == scale


def test_pooling_has_caffes_windows(op):
    pool = op("Pooling", "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }")
    assert pool.kind == "average_pool" and pool.ceil_mode and pool.count_include_pad
    assert op("Pooling", "pooling_param { kernel_size: 2 round_mode: FLOOR }").ceil_mode is False
    assert op("Pooling", "pooling_param { global_pooling: true }").kernel == (8, 8)
    assert op("Pooling", "pooling_param { pool: AVE global_pooling: true }").kind == "global_average_pool"


def test_batch_norm_and_scale_become_one_layer_only_if_nothing_is_between(read, op):
    norm = 'layer { name: "n" type: "BatchNorm" bottom: "data" top: "n" batch_norm_param { eps: 0.001 } }\n'
    scale = 'layer { name: "s" type: "Scale" bottom: "n" top: "x" scale_param { bias_term: true } }\n'
    network = read(HEAD + norm + scale + TAIL)
    assert [layer.op.kind for layer in network.graph.layers] == ["input", "batch_norm", "dense"]
    assert network.graph.layer("n").op.epsilon == 0.001 and network.graph.layer("n").op.momentum == 0.001
    assert [origin.layer.name for origin in network.origins] == ["n", "s", "fc"]
    used = read(
        HEAD
        + norm
        + scale
        + TAIL.replace('bottom: "x"', 'bottom: "n" bottom: "x"').replace("InnerProduct", "Concat")
        + TAIL.replace('"fc"', '"g"').replace('"x"', '"fc"')
    )
    assert [layer.op.kind for layer in used.graph.layers] == ["input", "batch_norm", "conv", "concat", "dense"]
    assert used.graph.layer("s").op.groups == 3 and op("Scale", "scale_param { }").bias is False


@pytest.mark.parametrize("said", ["scale_bias: true", "scale_filler { value: 0.5 }", "bias_filler { }"])
def test_a_batch_norm_of_nvcaffe_has_its_own_scale_and_no_layer_completes_it(read, said):
    norm = f'layer {{ name: "n" type: "BatchNorm" bottom: "data" top: "n" batch_norm_param {{ {said} }} }}\n'
    scale = 'layer { name: "s" type: "Scale" bottom: "n" top: "x" scale_param { bias_term: true } }\n'
    graph = read(HEAD + norm + scale + TAIL).graph
    assert [layer.op.kind for layer in graph.layers] == ["input", "batch_norm", "conv", "dense"]
    assert graph.layer("n").op.scale_initializer.value == (0.5 if "0.5" in said else 1)


def test_factors_of_scale_and_offset_become_those_of_the_batch_norm(read):
    """A layer of ours has one factor for both; where Caffe's differ, a note says whose it is."""
    norm = 'layer { name: "n" type: "BatchNorm" bottom: "data" top: "n" param { lr_mult: 0 } param { lr_mult: 0 } }\n'
    scale = 'layer {{ name: "s" type: "Scale" bottom: "n" top: "x" {} scale_param {{ bias_term: true }} }}\n'
    slow = "param { lr_mult: 0.5 decay_mult: 0 }"
    network = read(HEAD + norm + scale.format(slow + slow) + TAIL)
    for name in ("n/scale", "n/offset"):
        parameter = network.graph.parameters[name]
        assert (parameter.rate_multiplier, parameter.decay_multiplier, parameter.trainable) == (0.5, 0, True)
    assert not network.notes
    network = read(HEAD + norm + scale.format(slow) + TAIL)
    assert network.graph.layer("n").tuning.rate_multiplier == 0.5
    assert ["s (Scale): lr_mult and decay_mult of its first blob hold for both."] == list(network.notes)


@pytest.mark.parametrize(
    ("kind", "param"),
    [
        ("Split", ""),
        ("Concat", ""),
        ("Power", "power_param { power: 1 }"),
        ("Power", "power_param { scale: 0.5 }"),
        ("Reshape", "reshape_param { shape { dim: 0 dim: 3 dim: 0 dim: -1 } }"),
    ],
)
def test_layers_that_change_nothing_are_passed_over(op, kind, param):
    assert op(kind, param) is None


def test_layers_that_flatten_do(op):
    assert op("Flatten").kind == "flatten"
    assert op("Reshape", "reshape_param { shape { dim: 0 dim: -1 } }").kind == "flatten"


@pytest.mark.parametrize(
    ("filler", "expected"),
    [
        ('type: "msra"', HeNormal()),
        ('type: "msra" variance_norm: FAN_OUT', HeNormal(fan="out")),
        ('type: "xavier" variance_norm: AVERAGE', GlorotUniform()),
        ('type: "uniform" min: -1', Uniform(low=-1, high=1)),
        ('type: "gaussian" std: 0', Constant()),
    ],
)
def test_fillers_become_initializers(op, filler, expected):
    found = op("InnerProduct", f"inner_product_param {{ num_output: 2 weight_filler {{ {filler} }} }}")
    assert found.kernel_initializer == expected


@pytest.mark.parametrize(
    ("kind", "param", "message"),
    [
        ("ReLU", "relu_param { negative_slope: 0.1 }", "negative_slope: 0, found 0.1"),
        ("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }", "norm_region: ACROSS_CHANNELS, found WITHIN_CHANNEL"),
        ("LRN", "lrn_param { local_size: 4 }", "an odd size, found 4"),
        ("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 }", "pool: MAX or AVE, found STOCHASTIC"),
        ("Pooling", "pooling_param { kernel_size: 9 }", "height >= 9, found 8"),
        ("Eltwise", "eltwise_param { operation: MAX }", "operation: SUM or PROD, found MAX"),
        ("Eltwise", "eltwise_param { coeff: 1 coeff: -1 }", "coefficients of 1, found 1, -1"),
        ("Convolution", "convolution_param { num_output: 4 }", "a positive kernel_size, found 0x0"),
        ("Convolution", "convolution_param { kernel_size: 3 }", "num_output, found none"),
        ("Convolution", "convolution_param { num_output: 0 kernel_size: 3 }", "found filters 0"),
        ("Convolution", "convolution_param { num_output: 4 kernel_size: 3 group: 2 }", "divisible by groups"),
        ("Convolution", "convolution_param { num_output: 4 kernel_size: 3 axis: 2 }", "axis: 1, the channels"),
        ("Convolution", "convolution_param { num_output: 4 kernel_size: [3, 3, 3] }", "height and width, found 3"),
        ("InnerProduct", "inner_product_param { weight_filler { type: 'bilinear' } }", "found bilinear FAN_IN"),
        ("BatchNorm", "batch_norm_param { bias_filler { value: 1 } }", "expects a bias_filler of 0"),
        ("Dropout", "dropout_param { dropout_ratio: 1.5 }", "found rate 1.5"),
        ("Power", "power_param { shift: 3 }", "power: 1, scale: 1 and shift: 0"),
        ("Reshape", "reshape_param { shape { dim: 0 dim: 2 dim: -1 } }", "a shape that flattens or changes nothing"),
        ("Deconvolution", "", "found Deconvolution"),
        ("Slice", "", "found Slice"),
        ("Convolutoin", "", "Did you mean Convolution"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_layer_and_line(op, kind, param, message):
    with pytest.raises(NetworkInvalid) as refused:
        op(kind, param)
    text = str(refused.value)
    assert message in text and "x (" in text
    assert "net.prototxt, line 2" in text or "net.prototxt, line 3" in text
    assert len(refused.value.problems) == 1


def test_every_problem_is_named_at_once(read):
    text = HEAD + "".join(
        f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "x" }}\n'
        for name, kind, bottom in (
            ("a", "Upsample", "data"),
            ("b", "PReLU", "x"),
            ("c", "ReLU", "nowhere"),
            ("d", "Crop", "x"),
        )
    )
    with pytest.raises(NetworkInvalid) as refused:
        read(text + TAIL)
    assert [problem.where.rpartition(" ")[2] for problem in refused.value.problems] == ["2", "3", "4", "5"]
    assert "nowhere, which no layer before it gives" in str(refused.value)


def test_weights_that_two_layers_share_are_refused(read):
    shared = 'layer { name: "%s" type: "InnerProduct" bottom: "data" top: "x" param { name: "w" } '
    shared += "inner_product_param { num_output: 192 } }\n"
    with pytest.raises(NetworkInvalid, match=r"second .* shares the weights w with first"):
        read(HEAD + shared % "first" + (shared % "second").replace("data", "x") + TAIL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "describes no layers"),
        ('net: "train_val.prototxt" base_lr: 0.01', "a solver names it in its field net"),
        (TAIL, "expects one blob of pictures, found none"),
        ('layers { layer { name: "c" type: "conv" } bottom: "data" top: "c" }', "syntax of 2013"),
        ('layer { name: "a" }', "Layer a expects a type"),
        ('input: "x" input_shape { dim: 1 dim: 7 }' + TAIL, "expects pictures [C, H, W], found 1 dimensions"),
        (HEAD + 'layer { name: "x" type: "ReLU" bottom: "data" top: "x" }', "expects logits [classes]"),
    ],
)
def test_what_is_no_network_that_classifies_is_refused(read, text, message):
    with pytest.raises(NetworkInvalid) as refused:
        read(text)
    assert message in str(refused.value)


def test_names_become_ours_and_stay_apart(read):
    text = HEAD + "".join(
        f'layer {{ name: "{name}" type: "ReLU" bottom: "data" top: "data" }}\n'
        for name in ("a/b", "a.b", "input", "?", "ä b")
    )
    graph = read(text + TAIL.replace('"x"', '"data"')).graph
    assert [layer.name for layer in graph.layers[1:-1]] == ["a.b", "a.b_2", "input_2", "l_", "l__b"]
    assert graph.name == "net"


def test_layers_that_lead_nowhere_are_left_out_and_named(read):
    side = 'layer { name: "side" type: "ReLU" bottom: "data" top: "side" }\n'
    network = read(HEAD + side + TAIL.replace('"x"', '"data"'))
    assert [layer.name for layer in network.graph.layers] == ["input", "fc"]
    assert network.notes == ("Left out, because no loss and no output needs them: side.",)


def test_the_command_writes_a_network_file_that_checks(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train_val.prototxt").write_text(zoo.alexnet())
    answer = digits("network", "import", "train_val.prototxt", "--json")
    assert answer.data["file"] == "AlexNet.yaml" and answer.data["parameters"] == 60_965_224
    assert "train with --crop 227" in answer.err
    checked = digits("network", "check", "AlexNet.yaml", "--json")
    assert checked.data == {"name": "AlexNet", "passed": True, "parameters": 60_965_224, "flops": checked.data["flops"]}
    assert "units: $classes" in (tmp_path / "AlexNet.yaml").read_text()
    again = digits("network", "import", "train_val.prototxt")
    assert again.status == 2 and "AlexNet.yaml exists already" in again.err
    assert digits("network", "import", "train_val.prototxt", "--out", "AlexNet.yaml").status == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.prototxt", None, "cannot be read"),
        ("net.onnx", b"", "is no network file of a system that is known: caffe"),
        ("w.prototxt", b"\x0a\x07\x80\xff", "is no text"),
        ("net.prototxt", b'layer { type: "Crop" bottom: "a" top: "b" }', "expects one blob of pictures"),
    ],
)
def test_the_command_refuses_in_words_and_writes_nothing(digits, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    answer = digits("network", "import", tmp_path / name, "--out", tmp_path / "made.yaml")
    assert answer.status == 2 and message in answer.err
    assert not (tmp_path / "made.yaml").exists()
