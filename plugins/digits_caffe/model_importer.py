"""A prototxt and a caffemodel as a model that classifies in any backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from digits_caffe.blobs import Array, read_caffemodel, read_mean
from digits_caffe.colours import turn_to_rgb
from digits_caffe.network import convert, describe, input_of
from digits_caffe.pictures import Pictures
from digits_caffe.weights import fill
from digits_core.contracts.model_importer import ImportedModel, ImportOptions, ModelImporter
from digits_core.errors import ModelInvalid
from digits_core.graph.graph import INPUT
from digits_core.graph.ops import Input
from digits_core.spec.dataset import PictureForm

NETWORK_ENDINGS = (".prototxt", ".pbtxt")
WEIGHT_ENDINGS = (".caffemodel", ".caffemodel.h5")


class CaffeModelImporter(ModelImporter):
    """Networks and weights of Caffe and of DIGITS."""

    name: ClassVar[str] = "caffe"

    def recognises(self, paths: Sequence[Path]) -> bool:
        """Whether each is a ``.prototxt`` or a ``.caffemodel``."""
        return bool(paths) and all(path.name.lower().endswith(NETWORK_ENDINGS + WEIGHT_ENDINGS) for path in paths)

    def read(self, paths: Sequence[Path], options: ImportOptions) -> ImportedModel:
        """The model; pictures are squashed to the size of the mean picture, else to that of the network.

        Raises:
            ModelInvalid: If weights are missing, of another shape or unreadable, or the mean does not fit.
            NetworkInvalid: If the prototxt describes what cannot be built here; names every line.
        """
        network_path, weights_path = _network_and_weights(paths)
        described = describe(network_path)
        input = input_of(described.pictures, options.width, options.height)
        if input.channels not in (1, 3):
            message = f"{described.pictures.blob} expects 1 or 3 channels, found {input.channels}."
            raise ModelInvalid(message, where=described.pictures.where, hint="Pictures are grey or in colour.")
        mean, notes = _mean(described.pictures, input, options.mean)
        form = "none" if mean is None else "pixel" if mean.shape[1:] == (1, 1) else "image"
        network = convert(described, input.model_copy(update={"mean": form}))
        blobs = read_caffemodel(weights_path)
        arrays, unused = fill(network.graph, network.origins, blobs, str(weights_path))
        arrays = turn_to_rgb(network.graph, arrays)
        size = (input.height, input.width)
        if mean is not None:
            arrays[f"{INPUT}/mean"] = _middle(mean[::-1], input)
            size = mean.shape[1:] if form == "image" else size
        if unused:
            notes.append(f"Weights that the network does not need were left out: {', '.join(unused)}.")
        picture = PictureForm(width=size[1], height=size[0], channels=input.channels, resize=options.resize or "squash")
        return ImportedModel(network.graph, arrays, options.labels, picture, (*network.notes, *notes))


def _network_and_weights(paths: Sequence[Path]) -> tuple[Path, Path]:
    networks = [path for path in paths if path.name.lower().endswith(NETWORK_ENDINGS)]
    weights = [path for path in paths if path.name.lower().endswith(WEIGHT_ENDINGS)]
    if len(networks) != 1 or len(weights) != 1:
        raise ModelInvalid(
            f"A model of Caffe expects one prototxt and one caffemodel, found {len(networks)} and {len(weights)}.",
            where=", ".join(map(str, paths)),
            hint="Give both: deploy.prototxt weights.caffemodel.",
        )
    return networks[0], weights[0]


def _mean(pictures: Pictures, input: Input, path: Path | None) -> tuple[Array | None, list[str]]:
    """What is subtracted, BGR ``[C, H, W]`` or ``[C, 1, 1]``: from the file that is given, else from the prototxt."""
    if path is not None:
        mean = read_mean(path)
        _require_fitting(mean, input, path)
        return mean, []
    if pictures.mean:
        values = pictures.mean if len(pictures.mean) > 1 else pictures.mean * input.channels
        if len(values) != input.channels:
            message = f"mean_value expects {input.channels} numbers, one for each channel, found {len(values)}."
            raise ModelInvalid(message, where=pictures.where, hint="Correct the numbers.")
        return np.array(values, np.float32)[:, None, None], []
    named = f" {pictures.mean_file}, which the prototxt names" if pictures.mean_file else ""
    return None, [f"Nothing is subtracted from pictures; if training subtracted a mean, give it with --mean{named}."]


def _require_fitting(mean: Array, input: Input, path: Path) -> None:
    """The mean is one number per channel, or a picture from whose middle the network's input is cut."""
    channels, height, width = mean.shape
    square = input.height == input.width
    fits = height >= input.height and width >= input.width if square else mean.shape[1:] == (input.height, input.width)
    if channels != input.channels or not (fits or (height, width) == (1, 1)):
        least = "at least " if square else ""
        raise ModelInvalid(
            f"{path.name} expects {input.channels} channels of {least}{input.width}x{input.height}, found {channels} "
            f"of {width}x{height}.",
            where=str(path),
            hint="Give the mean picture that this network was trained with.",
        )


def _middle(mean: Array, input: Input) -> Array:
    if mean.shape[1:] == (1, 1):
        return np.ascontiguousarray(mean)
    top, left = (mean.shape[1] - input.height) // 2, (mean.shape[2] - input.width) // 2
    return np.ascontiguousarray(mean[:, top : top + input.height, left : left + input.width])
