"""Where pictures to classify come from: files and URLs, or a split of a dataset; read as the network sees them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digits_core.contracts.boundary import ANYWHERE, Boundary
from digits_core.contracts.picture_file import read_picture_file
from digits_core.dataset.pictures import PictureUnreadable, Pixels, cut_middle, prepare_picture
from digits_core.dataset.pipeline import usable_cpus
from digits_core.errors import Problem
from digits_core.graph.ops.picture import Input
from digits_core.inference.lists import Listed
from digits_core.inference.model import Model

if TYPE_CHECKING:
    from digits_core.dataset.opened import SplitReader
    from digits_core.inference.download import Downloader

#: URLs that are fetched at the same time.
DOWNLOADS = 16


class Read(NamedTuple):
    """Some pictures in a row, as they were read.

    Attributes:
        numbers: Which pictures they are.
        pixels: uint8 ``[n, H, W, C]``: those that could be read, in order.
        problems: Why others could not, by their numbers.
    """

    numbers: range
    pixels: Pixels
    problems: Mapping[int, Problem]


class Pictures(ABC):
    """Pictures by number; safe to read from several threads."""

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def threads(self) -> int:
        """How many threads best read at the same time; 0: whoever computes reads, since waking others costs more."""

    @abstractmethod
    def name(self, number: int) -> str:
        """What a picture is called."""

    @abstractmethod
    def truth(self, number: int) -> str | None:
        """The class of a picture as it was told; None where it was not."""

    @abstractmethod
    def read(self, numbers: range) -> Read:
        """Pictures as the network sees them."""


class ListedPictures(Pictures):
    """Files and URLs, prepared as the pictures were that the model was trained on.

    Args:
        listed: What was asked for.
        model: Whose form they are brought into.
        downloader: What fetches URLs.
        boundary: Where files may lie.
    """

    def __init__(
        self,
        listed: Sequence[Listed],
        model: Model,
        downloader: Downloader | None = None,
        boundary: Boundary = ANYWHERE,
    ) -> None:
        self._listed, self._form, self._input = tuple(listed), model.picture, model.graph.input
        self._downloader, self._boundary = downloader, boundary
        self._threads = DOWNLOADS if any(one.is_url for one in self._listed) else usable_cpus()

    def __len__(self) -> int:
        return len(self._listed)

    @property
    def threads(self) -> int:
        """As many as there are processors; downloads wait more than they compute."""
        return self._threads

    def name(self, number: int) -> str:
        """Its path or URL."""
        return _unicode(self._listed[number].place)

    def truth(self, number: int) -> str | None:
        """What its list or folder says."""
        truth = self._listed[number].truth
        return None if truth is None else _unicode(truth)

    def read(self, numbers: range) -> Read:
        """Decode and prepare; what cannot be read keeps its problem."""
        results = {number: self._picture(self._listed[number]) for number in numbers}
        problems = {number: result for number, result in results.items() if isinstance(result, Problem)}
        pixels = [result for result in results.values() if not isinstance(result, Problem)]
        whole = np.stack(pixels) if pixels else np.empty((0, *_shape(self._input)), np.uint8)
        return Read(numbers, whole, problems)

    def _picture(self, one: Listed) -> Pixels | Problem:
        form = self._form
        try:
            data = self._fetched(one.place) if one.is_url else read_picture_file(one.place, self._boundary)
            if isinstance(data, Problem):
                return data
            pixels = prepare_picture(
                data, width=form.width, height=form.height, channels=form.channels, resize=form.resize
            )
        except (OSError, ValueError) as reason:
            return _unreadable(one, reason)
        seen: Pixels = as_seen(pixels[None], self._input)[0]
        return seen

    def _fetched(self, url: str) -> bytes | Problem:
        # Imported where there is a URL: what speaks HTTPS takes longer to import than a file takes to read.
        from digits_core.inference.download import Downloader, DownloadRefused

        try:
            return (self._downloader or Downloader()).fetch(url)
        except DownloadRefused as reason:
            return reason.problem


class SplitPictures(Pictures):
    """The pictures of a dataset's split.

    Args:
        reader: The split.
        labels: Names of the dataset's classes.
        model: Whose network sees them.
    """

    def __init__(self, reader: SplitReader, labels: Sequence[str], model: Model) -> None:
        self._reader, self._labels, self._input = reader, tuple(labels), model.graph.input

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def threads(self) -> int:
        """As many as there are processors; none where pixels are only copied."""
        return usable_cpus() if self._reader.encoded else 0

    def name(self, number: int) -> str:
        """Where it came from, as its source called it."""
        return self._reader.key(number)

    def truth(self, number: int) -> str | None:
        """Its class."""
        return self._labels[int(self._reader.labels[number])]

    def read(self, numbers: range) -> Read:
        """Gather or decode.

        Raises:
            DatasetUnusable: If a stored picture is damaged.
        """
        indices = np.arange(numbers.start, numbers.stop)
        reader = self._reader
        # Each thread decodes pictures of its own; sharing those of one batch would make all wait for the slowest.
        pixels = np.stack([*reader.pictures(indices)]) if reader.encoded else reader.read(indices)
        return Read(numbers, as_seen(pixels, self._input), {})


def as_seen(pixels: Pixels, input: Input) -> Pixels:
    """Pictures ``[B, H, W, C]`` as a network takes them: the middle of each, where it was trained on crops."""
    size = input.height, input.width
    return pixels if pixels.shape[1:3] == size else cut_middle(pixels, *size)


def _unicode(name: str) -> str:
    # File names need not be Unicode; what is written to JSON must be.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _shape(input: Input) -> tuple[int, int, int]:
    return input.height, input.width, input.channels


def _unreadable(one: Listed, reason: OSError | ValueError) -> Problem:
    place = _unicode(one.place)
    name = place.rpartition("/")[2]
    check = (
        f"Check the path; {_unicode(one.source)} names it, and is read as a list." if one.source else "Check the path."
    )
    if isinstance(reason, OSError):
        return Problem(f"Picture {name} cannot be read: {reason.strerror or reason}.", place, check)
    hint = "Use another picture." if isinstance(reason, PictureUnreadable) else check
    return Problem(f"Picture {name} cannot be read: {reason}.", place, hint)
