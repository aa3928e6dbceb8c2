"""The importer of state dicts: a file of torchvision or timm in, a model of ours out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from digits_core.contracts.model_importer import ImportedModel, ImportOptions, ModelImporter
from digits_core.errors import ModelInvalid, Problem, require
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.ops import Input
from digits_core.spec.dataset import PictureForm
from digits_core.spec.imported import Normalization
from digits_pretrained.matching import channels_of, choose, classes_of, complete, convert
from digits_pretrained.one_tower import ONE_TOWER, USUAL_INPUT, one_tower
from digits_pretrained.pixels import fold
from digits_pretrained.state_dicts import SUFFIXES, read_state_dict
from digits_pretrained.tables import Table

#: Pictures are brought to this side, of which a network that takes 224 sees the middle; other sizes in proportion.
WHOLE, MIDDLE = 256, 224


class PretrainedImporter(ModelImporter):
    """Weights with the names that torchvision and timm give them, or with those of our own layers."""

    name: ClassVar = "pretrained"

    def recognises(self, paths: Sequence[Path]) -> bool:
        """By the suffix, of one file."""
        return len(paths) == 1 and paths[0].suffix.lower() in SUFFIXES

    def read(self, paths: Sequence[Path], options: ImportOptions) -> ImportedModel:
        """The network that the names belong to, with its weights."""
        require(_refusals(paths, options), ModelInvalid)
        arrays, where = read_state_dict(paths[0]), str(paths[0])
        table = choose(arrays, options.network, where)
        usual = _build(table, options, None)
        table = complete(table, usual)
        channels = channels_of(arrays, table, usual)
        normalization = options.normalization or table.normalization
        require(_undecided(table, normalization, channels, where), ModelInvalid)
        assert normalization is not None
        width, height = options.width or usual.input.width, options.height or usual.input.height
        input = NetworkInput(channels, height, width, classes_of(arrays, table, where), "pixel")
        graph = _build(table, options, input)
        folded = fold(convert(arrays, table, graph, where), graph, normalization)
        picture = _picture(graph.input, options)
        return ImportedModel(graph, folded, options.labels, picture, tuple(_notes(table, normalization)))


def _build(table: Table, options: ImportOptions, input: NetworkInput | None) -> Graph:
    if table.network == ONE_TOWER:
        return one_tower(input or USUAL_INPUT)
    return options.build(table.network, input)


def _refusals(paths: Sequence[Path], options: ImportOptions) -> Iterator[Problem]:
    if len(paths) != 1:
        yield Problem(f"Pretrained weights expect one file, found {len(paths)}.", hint="Give the file of weights.")
    if options.mean is not None:
        hint = "Leave --mean out; --normalization says what pixels go through."
        yield Problem("Pretrained weights bring the mean that they were trained with.", str(options.mean), hint)


def _undecided(table: Table, chosen: Normalization | None, channels: int, where: str) -> Iterator[Problem]:
    if channels != 3 and chosen == "imagenet":
        hint = "Say what grey pixels went through: --normalization half (−1 to 1) or unit (0 to 1)."
        yield Problem("ImageNet's mean and deviation are those of colours, and the weights take grey.", where, hint)
    if chosen is None:
        yield Problem(
            f"Weights of {table.network} do not say what pixels went through when they were trained.",
            where,
            "Add --normalization imagenet (as for DeiT), half (as for timm's augreg), or unit (pixels from 0 to 1).",
        )


def _picture(taken: Input, options: ImportOptions) -> PictureForm:
    """The middle of squares, as the collections do; other forms whole."""
    share = WHOLE / MIDDLE if taken.width == taken.height else 1
    width, height = (round(side * share) for side in (taken.width, taken.height))
    return PictureForm(width=width, height=height, channels=taken.channels, resize=options.resize or "crop")


def _notes(table: Table, normalization: Normalization) -> Iterator[str]:
    yield f"Names are those of {table.origin}; pixels are normalised as {normalization}, within the first convolution."
    if table.network == ONE_TOWER:
        yield "torchvision's AlexNet has one tower and no normalisation; network alexnet is Caffe's."
    if table.network == "efficientnet-b0":
        yield "timm's tf_efficientnet_b0 has the same names and computes otherwise: use efficientnet_b0."
