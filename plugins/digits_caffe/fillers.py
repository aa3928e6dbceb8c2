"""How Caffe's fillers start weights, in our initializers."""

from __future__ import annotations

from collections.abc import Callable

from digits_caffe.prototxt import Message
from digits_core.errors import NetworkInvalid
from digits_core.graph.initializers import (
    Constant,
    Gaussian,
    GlorotUniform,
    HeNormal,
    Initializer,
    Uniform,
    Xavier,
)


def initializer(param: Message, name: str, default: Initializer) -> Initializer:
    """What the filler ``name`` of ``param`` says; ``default`` where a deploy file leaves it out.

    Raises:
        NetworkInvalid: If nothing here starts weights that way.
    """
    if not param.has(name):
        return default
    filler = param.message(name)
    kind, norm = filler.text("type", "constant"), filler.text("variance_norm", "FAN_IN")
    known = FILLERS.get((kind, norm)) or FILLERS.get((kind, ""))
    if known is None:
        raise NetworkInvalid(
            f"{name} expects one of {', '.join(dict.fromkeys(kind for kind, _ in FILLERS))}, found {kind} {norm}.",
            where=filler.where,
            hint="Choose another filler; weights that are imported replace what it draws.",
        )
    return known(filler)


def _gaussian(filler: Message) -> Initializer:
    mean, std = filler.number("mean", 0), filler.number("std", 1)
    return Gaussian(mean=mean, std=std) if std > 0 else Constant(value=mean)


def _uniform(filler: Message) -> Initializer:
    return Uniform(low=filler.number("min", 0), high=filler.number("max", 1))


#: By type and norm of the variance; an empty norm stands for any.
FILLERS: dict[tuple[str, str], Callable[[Message], Initializer]] = {
    ("constant", ""): lambda filler: Constant(value=filler.number("value", 0)),
    ("gaussian", ""): _gaussian,
    ("uniform", ""): _uniform,
    ("xavier", "FAN_IN"): lambda filler: Xavier(),
    ("xavier", "AVERAGE"): lambda filler: GlorotUniform(),
    ("msra", "FAN_IN"): lambda filler: HeNormal(),
    ("msra", "FAN_OUT"): lambda filler: HeNormal(fan="out"),
}
