"""The fields of the request for the import of a model, which say what its files do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from digits_core.spec.dataset import Resize
from digits_web.parts.fields import Words

USUAL = "as is usual for such files"
_NORMALIZATIONS = {
    "": USUAL,
    "imagenet": "imagenet: mean and deviation of ImageNet",
    "half": "half: −1 to 1",
    "unit": "unit: 0 to 1",
}

NAME = Words("name", "Name", "text", hint="What it is called from now on.")
PICTURES = (
    Words("width", "Width, pixels", hint="That the network takes; empty: as the files say, or the usual one."),
    Words("height", "Height, pixels", hint="That the network takes; empty: as the files say, or the usual one."),
    Words("resize", "Pictures of another shape", "choice", {"": USUAL, **{mode: mode for mode in get_args(Resize)}}),
    Words("normalization", "Normalization", "choice", _NORMALIZATIONS, "What pixels went through in training."),
)


def network(families: Sequence[str]) -> Words:
    """The field of the network.

    Args:
        families: Names that are proposed.
    """
    hint = "Family that the weights belong to; empty: the files say it."
    return Words("network", "Network", "text", {name: name for name in families}, hint)


def importer(names: Sequence[str]) -> Words:
    """The field of the importer.

    Args:
        names: Those that there are.
    """
    known = {"auto": "auto", **{name: name for name in names}}
    return Words("importer", "Read by", "choice", known, "auto: by what recognises the files.")
