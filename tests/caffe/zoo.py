"""Networks as the files of Caffe's model zoo describe them, written out layer by layer."""

# Of the inception blocks: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection.
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
RATES = "param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }"
DATA = """
layer {{
  name: "data" type: "Data" top: "data" top: "label"
  include {{ phase: {phase} }}
  transform_param {{ mirror: {mirror} crop_size: {crop} mean_value: 104 mean_value: 117 mean_value: 123 }}
  data_param {{ source: "ilsvrc12_{phase}_lmdb" batch_size: 32 backend: LMDB }}
}}"""


def layer(name, kind, bottoms, top=None, **fields):
    """One layer in the present syntax; fields are texts."""
    bottoms = [bottoms] if isinstance(bottoms, str) else bottoms
    links = " ".join(f'bottom: "{bottom}"' for bottom in bottoms)
    rest = "\n".join(f"  {key} {{ {value} }}" for key, value in fields.items())
    return f'layer {{\n  name: "{name}" type: "{kind}" {links} top: "{top or name}"\n{rest}\n}}\n'


def conv(name, bottom, size, filters, more=""):
    """A convolution and, in place, its ReLU."""
    kernel = f"num_output: {filters} kernel_size: {size} {more}"
    text = layer(name, "Convolution", bottom, convolution_param=kernel).replace(
        "convolution_param", RATES + " convolution_param"
    )
    return text + layer(f"{name}_relu", "ReLU", name, top=name)


def deploy(name, side):
    """The head of a deploy file."""
    return f'name: "{name}"\nlayer {{ name: "data" type: "Input" top: "data"\n' + (
        f"  input_param {{ shape: {{ dim: 10 dim: 3 dim: {side} dim: {side} }} }} }}\n"
    )


def train_val(name, side):
    """The head of a file for training and testing."""
    data = [
        DATA.format(phase=phase, mirror=mirror, crop=side) for phase, mirror in (("TRAIN", "true"), ("TEST", "false"))
    ]
    return f'name: "{name}"\n' + "".join(data)


def pool(name, bottom, size, stride, kind="MAX", more=""):
    """A pooling layer."""
    return layer(name, "Pooling", bottom, pooling_param=f"pool: {kind} kernel_size: {size} stride: {stride} {more}")


def dense(name, bottom, units, relu=True):
    """A dense layer, with ReLU and dropout in place where it is hidden."""
    text = layer(name, "InnerProduct", bottom, inner_product_param=f"num_output: {units}")
    if relu:
        text += layer(f"relu_{name}", "ReLU", name, top=name)
        text += layer(f"drop_{name}", "Dropout", name, top=name, dropout_param="dropout_ratio: 0.5")
    return text


def alexnet():
    """``bvlc_alexnet`` for training and testing."""
    text, bottom = train_val("AlexNet", 227), "data"
    for number, (filters, size, more, grows) in enumerate(
        [
            (96, 11, "stride: 4", True),
            (256, 5, "pad: 2 group: 2", True),
            (384, 3, "pad: 1", False),
            (384, 3, "pad: 1 group: 2", False),
            (256, 3, "pad: 1 group: 2", False),
        ],
        1,
    ):
        text += conv(f"conv{number}", bottom, size, filters, more)
        bottom = f"conv{number}"
        if grows:
            text += layer(f"norm{number}", "LRN", bottom, lrn_param="local_size: 5 alpha: 0.0001 beta: 0.75")
            text += pool(f"pool{number}", f"norm{number}", 3, 2)
            bottom = f"pool{number}"
    text += pool("pool5", bottom, 3, 2) + dense("fc6", "pool5", 4096) + dense("fc7", "fc6", 4096)
    text += dense("fc8", "fc7", 1000, relu=False)
    text += layer("accuracy", "Accuracy", ["fc8", "label"], include="phase: TEST")
    return text + layer("loss", "SoftmaxWithLoss", ["fc8", "label"])


def googlenet(training):
    """``bvlc_googlenet``, with its auxiliary heads while training."""
    text = train_val("GoogleNet", 224) if training else deploy("GoogleNet", 224)
    text += conv("conv1/7x7_s2", "data", 7, 64, "pad: 3 stride: 2") + pool("pool1/3x3_s2", "conv1/7x7_s2", 3, 2)
    text += layer("pool1/norm1", "LRN", "pool1/3x3_s2", lrn_param="local_size: 5 alpha: 0.0001 beta: 0.75")
    text += conv("conv2/3x3_reduce", "pool1/norm1", 1, 64) + conv("conv2/3x3", "conv2/3x3_reduce", 3, 192, "pad: 1")
    text += layer("conv2/norm2", "LRN", "conv2/3x3", lrn_param="local_size: 5 alpha: 0.0001 beta: 0.75")
    text += pool("pool2/3x3_s2", "conv2/norm2", 3, 2)
    bottom = "pool2/3x3_s2"
    for name, sizes in BLOCKS.items():
        text += _inception(f"inception_{name}", bottom, sizes)
        bottom = f"inception_{name}/output"
        if name in ("3b", "4e"):
            text += pool(f"pool_{name}", bottom, 3, 2)
            bottom = f"pool_{name}"
        if training and name in ("4a", "4d"):
            text += _auxiliary(f"loss{1 + (name == '4d')}", bottom)
    text += pool("pool5/7x7_s1", bottom, 7, 1, "AVE") + dense("loss3/classifier", "pool5/7x7_s1", 1000, relu=False)
    if not training:
        return text + layer("prob", "Softmax", "loss3/classifier")
    text += _loss("loss3/loss3", "loss3/classifier", 1)
    return text + layer("loss3/top-5", "Accuracy", ["loss3/classifier", "label"], include="phase: TEST")


def _inception(name, bottom, sizes):
    one, reduce3, three, reduce5, five, project = sizes
    text = conv(f"{name}/1x1", bottom, 1, one) + conv(f"{name}/3x3_reduce", bottom, 1, reduce3)
    text += conv(f"{name}/3x3", f"{name}/3x3_reduce", 3, three, "pad: 1") + conv(
        f"{name}/5x5_reduce", bottom, 1, reduce5
    )
    text += conv(f"{name}/5x5", f"{name}/5x5_reduce", 5, five, "pad: 2") + pool(
        f"{name}/pool", bottom, 3, 1, more="pad: 1"
    )
    text += conv(f"{name}/pool_proj", f"{name}/pool", 1, project)
    return text + layer(f"{name}/output", "Concat", [f"{name}/{part}" for part in ("1x1", "3x3", "5x5", "pool_proj")])


def _auxiliary(name, bottom):
    text = pool(f"{name}/ave_pool", bottom, 5, 3, "AVE") + conv(f"{name}/conv", f"{name}/ave_pool", 1, 128)
    text += dense(f"{name}/fc", f"{name}/conv", 1024) + dense(f"{name}/classifier", f"{name}/fc", 1000, relu=False)
    return text + _loss(f"{name}/loss", f"{name}/classifier", 0.3)


def _loss(name, logits, weight):
    text = layer(name, "SoftmaxWithLoss", [logits, "label"])
    return text.replace("top:", f"loss_weight: {weight} top:")


def vgg16():
    """The 16 layers of VGG in the syntax of 2014."""
    text = 'name: "VGG_ILSVRC_16_layers"\ninput: "data"\n' + "".join(
        f"input_dim: {size}\n" for size in (10, 3, 224, 224)
    )
    bottom = "data"
    for block, (filters, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 1):
        for number in range(1, count + 1):
            name = f"conv{block}_{number}"
            text += f'layers {{ bottom: "{bottom}" top: "{name}" name: "{name}" type: CONVOLUTION\n'
            text += f"  convolution_param {{ num_output: {filters} pad: 1 kernel_size: 3 }} }}\n"
            text += f'layers {{ bottom: "{name}" top: "{name}" name: "relu{block}_{number}" type: RELU }}\n'
            bottom = name
        text += f'layers {{ bottom: "{bottom}" top: "pool{block}" name: "pool{block}" type: POOLING\n'
        text += "  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }\n"
        bottom = f"pool{block}"
    for name, units in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        text += f'layers {{ bottom: "{bottom}" top: "{name}" name: "{name}" type: INNER_PRODUCT\n'
        text += f"  inner_product_param {{ num_output: {units} }} }}\n"
        if units == 4096:
            text += f'layers {{ bottom: "{name}" top: "{name}" name: "relu{name}" type: RELU }}\n'
            text += f'layers {{ bottom: "{name}" top: "{name}" name: "drop{name}" type: DROPOUT\n'
            text += "  dropout_param { dropout_ratio: 0.5 } }\n"
        bottom = name
    return text + 'layers { bottom: "fc8" top: "prob" name: "prob" type: SOFTMAX }\n'


def resnet50():
    """The deploy file of a residual network of 50 layers: batch norms and scales in pairs, and blocks that add."""
    text = deploy("ResNet-50", 224)
    text += _normalised("conv1", "data", 7, 64, "pad: 3 stride: 2", bias=True) + layer(
        "conv1_relu", "ReLU", "conv1", top="conv1"
    )
    text, bottom = text + pool("pool1", "conv1", 3, 2), "pool1"
    for stage, (width, count) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], 2):
        for number in range(count):
            name = f"{stage}{'abcdef'[number]}"
            stride = "stride: 2" if stage > 2 and number == 0 else "stride: 1"
            shortcut = bottom
            if number == 0:
                text += _normalised(f"res{name}_branch1", bottom, 1, 4 * width, stride)
                shortcut = f"res{name}_branch1"
            branch = f"res{name}_branch2"
            text += _normalised(f"{branch}a", bottom, 1, width, stride) + layer(
                f"{branch}a_relu", "ReLU", f"{branch}a", top=f"{branch}a"
            )
            text += _normalised(f"{branch}b", f"{branch}a", 3, width, "pad: 1")
            text += layer(f"{branch}b_relu", "ReLU", f"{branch}b", top=f"{branch}b")
            text += _normalised(f"{branch}c", f"{branch}b", 1, 4 * width)
            text += layer(f"res{name}", "Eltwise", [shortcut, f"{branch}c"])
            text += layer(f"res{name}_relu", "ReLU", f"res{name}", top=f"res{name}")
            bottom = f"res{name}"
    text += pool("pool5", bottom, 7, 1, "AVE") + dense("fc1000", "pool5", 1000, relu=False)
    return text + layer("prob", "Softmax", "fc1000")


def _normalised(name, bottom, size, filters, more="", bias=False):
    param = f"num_output: {filters} kernel_size: {size} {more}" + ("" if bias else " bias_term: false")
    text = layer(name, "Convolution", bottom, convolution_param=param)
    text += layer(f"bn_{name}", "BatchNorm", name, top=name, batch_norm_param="use_global_stats: true")
    return text + layer(f"scale_{name}", "Scale", name, top=name, scale_param="bias_term: true")


def squeezenet():
    """The deploy file of a SqueezeNet 1.0, which ends with a convolution and a mean over everything."""
    text = deploy("SqueezeNet", 227).replace('name: "SqueezeNet"\n', "")
    text += conv("conv1", "data", 7, 96, "stride: 2") + pool("pool1", "conv1", 3, 2)
    bottom = "pool1"
    for number, (squeeze, expand) in enumerate(
        [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)], 2
    ):
        name = f"fire{number}"
        text += conv(f"{name}/squeeze1x1", bottom, 1, squeeze) + conv(
            f"{name}/expand1x1", f"{name}/squeeze1x1", 1, expand
        )
        text += conv(f"{name}/expand3x3", f"{name}/squeeze1x1", 3, expand, "pad: 1")
        text += layer(f"{name}/concat", "Concat", [f"{name}/expand1x1", f"{name}/expand3x3"])
        bottom = f"{name}/concat"
        if number in (4, 8):
            text += pool(f"pool{number}", bottom, 3, 2)
            bottom = f"pool{number}"
    text += layer("drop9", "Dropout", bottom, top=bottom, dropout_param="dropout_ratio: 0.5")
    text += conv("conv10", bottom, 1, 1000, "pad: 1")
    text += layer("pool10", "Pooling", "conv10", pooling_param="pool: AVE global_pooling: true")
    return text + layer("prob", "Softmax", "pool10")


def lenet():
    """The network of DIGITS: for training, validation and deployment in one, classes left to the dataset."""
    data = 'layer {{ name: "{0}-data" type: "Data" top: "data" top: "label" include {{ stage: "{0}" }} }}\n'
    text = 'name: "LeNet"\n' + data.format("train") + data.format("val")
    text += layer("scale", "Power", "data", top="scaled", power_param="scale: 0.0125")
    text += layer("conv1", "Convolution", "scaled", convolution_param="num_output: 20 kernel_size: 5 stride: 1")
    text += pool("pool1", "conv1", 2, 2)
    text += layer("conv2", "Convolution", "pool1", convolution_param="num_output: 50 kernel_size: 5 stride: 1")
    text += pool("pool2", "conv2", 2, 2) + layer("ip1", "InnerProduct", "pool2", inner_product_param="num_output: 500")
    text += layer("relu1", "ReLU", "ip1", top="ip1") + layer(
        "ip2", "InnerProduct", "ip1", inner_product_param='weight_filler { type: "xavier" }'
    )
    text += layer("accuracy", "Accuracy", ["ip2", "label"], include='stage: "val"')
    text += layer("loss", "SoftmaxWithLoss", ["ip2", "label"], exclude='stage: "deploy"')
    return text + layer("softmax", "Softmax", "ip2", include='stage: "deploy"')
