"""Layers as Caffe's two syntaxes describe them, brought to one form, and those that a phase or stage includes.

``layer { type: "Convolution" param { lr_mult: 2 } }`` is the present syntax, and
``layers { type: CONVOLUTION blobs_lr: 2 }`` the one that was used until 2014.
"""

from __future__ import annotations

from dataclasses import dataclass

from digits_caffe.prototxt import Message
from digits_core.errors import NetworkInvalid, Problem, require

#: Types by the names that the syntax until 2014 gives them.
OLD_TYPES = {
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}


@dataclass(frozen=True, slots=True)
class CaffeLayer:
    """A layer in either syntax.

    Attributes:
        name: Its name; weights are found by it.
        type: Its type in the present syntax.
        bottoms: Blobs it takes.
        tops: Blobs it gives; one that it also takes is changed in place.
        rates: Factors on the learning rate, blob by blob.
        decays: Factors on the weight decay, blob by blob.
        shared: Names under which it shares its weights with other layers.
        message: All that the file says about it.
    """

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    shared: tuple[str, ...]
    message: Message

    @property
    def where(self) -> str:
        """Its place in the file."""
        return self.message.where

    def param(self, name: str) -> Message:
        """Its fields of one kind, for example ``convolution_param``."""
        return self.message.message(name)

    def refuse(self, expected: str, found: str, field: str = "", hint: str = "") -> NetworkInvalid:
        """The error that this layer expects one thing and another was found, in the line of ``field`` below it."""
        *path, last = field.split(".")
        message = self.message
        for part in path:
            message = message.message(part)
        where = f"{message.file}, line {message.line_of(last)}"
        return NetworkInvalid(f"{self.name} ({self.type}) expects {expected}, found {found}.", where=where, hint=hint)


@dataclass(frozen=True, slots=True)
class State:
    """For what a network is made; decides which layers it includes.

    Attributes:
        phase: ``TRAIN`` or ``TEST``.
        stages: Names that the person or program who makes it gives, as DIGITS did.
    """

    phase: str
    stages: frozenset[str]


#: Tried in this order until one includes pictures: what trains has losses and auxiliary heads, which are wanted.
STATES = (
    State("TRAIN", frozenset({"train"})),
    State("TEST", frozenset({"deploy"})),
    State("TEST", frozenset({"val"})),
)
_PHASES = {"0": "TRAIN", "1": "TEST"}


def included_layers(net: Message, state: State) -> list[CaffeLayer]:
    """The layers that a network in ``state`` has, in the order of the file.

    Raises:
        NetworkInvalid: If layers are in a syntax older than both, or have no type.
    """
    described = [
        field.value
        for field in net.fields
        if field.name in ("layer", "layers") and isinstance(field.value, Message) and _is_included(field.value, state)
    ]
    problems: list[Problem] = []
    for message in described:
        if message.messages("layer"):
            hint = "Bring it up to date with Caffe's upgrade_net_proto_text."
            problems.append(Problem("A layer is in Caffe's syntax of 2013, which is not read.", message.where, hint))
            break
        if not message.text("type"):
            name = message.text("name", "without a name")
            problems.append(Problem(f"Layer {name} expects a type.", message.where, 'Write type: "…".'))
    require(problems, NetworkInvalid)
    return [_layer(message) for message in described]


def _layer(message: Message) -> CaffeLayer:
    params = message.messages("param")
    kind = message.text("type")
    return CaffeLayer(
        name=message.text("name") or f"layer{message.line}",
        type=OLD_TYPES.get(kind, kind),
        bottoms=message.texts("bottom"),
        tops=message.texts("top"),
        rates=message.numbers("blobs_lr") or tuple(param.number("lr_mult", 1) for param in params),
        decays=message.numbers("weight_decay") or tuple(param.number("decay_mult", 1) for param in params),
        shared=tuple(filter(None, (*message.texts("param"), *(param.text("name") for param in params)))),
        message=message,
    )


def _is_included(layer: Message, state: State) -> bool:
    """Caffe's rule: with ``include``, one of them has to hold; else none of ``exclude`` may."""
    include, exclude = layer.messages("include"), layer.messages("exclude")
    if include:
        return any(_holds(rule, state) for rule in include)
    return not any(_holds(rule, state) for rule in exclude)


def _holds(rule: Message, state: State) -> bool:
    phase = rule.text("phase")
    return (
        _PHASES.get(phase, phase) in ("", state.phase)
        and rule.integer("min_level", 0) <= 0 <= rule.integer("max_level", 0)
        and state.stages.issuperset(rule.texts("stage"))
        and state.stages.isdisjoint(rule.texts("not_stage"))
    )
