"""The dataset source contract: what pictures there are, and one of them at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy.typing as npt

from digits_core.contracts.boundary import ANYWHERE, Boundary
from digits_core.spec.dataset import Split

#: Encoded bytes of a picture file, or pixels: uint8 or uint16 ``[H, W]`` or ``[H, W, C]``.
Picture: TypeAlias = bytes | npt.NDArray[Any]


class Item(NamedTuple):
    """One picture of a source.

    Attributes:
        key: How the source finds it again; unique within the source and readable in reports.
        label: Name of its class.
        split: The split that the source gives it; empty leaves the choice to the request.
    """

    key: str
    label: str
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a request may say about a source.

    Attributes:
        labels: File whose line i names label i.
        prefix: Folder that relative picture paths start from.
        val_given: Whether the request names a share for validation (IDX keeps its own split otherwise).
        boundary: What files may be opened; the paths of the request themselves are in it.
    """

    labels: Path | None = None
    prefix: Path | None = None
    val_given: bool = False
    boundary: Boundary = ANYWHERE


class DatasetSource(ABC):
    """Pictures with labels, somewhere.

    A source is made with the path of the request and the options: ``Source(path, options)``.
    """

    name: ClassVar[str]
    stays_within: ClassVar[bool] = False
    """Whether it opens no file that is out of ``options.boundary``; without this promise no server uses it."""

    @abstractmethod
    def __init__(self, path: Path, options: SourceOptions) -> None: ...

    @classmethod
    @abstractmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` looks like this kind of source; quick, reads no pictures."""

    @abstractmethod
    def itemize(self) -> Sequence[Item]:
        """All pictures, in an order that depends on the source's content only.

        Raises:
            SourceInvalid: If there are none, or the source contradicts itself; names file and line.
        """

    @abstractmethod
    def read(self, key: str) -> Picture:
        """One picture; called from several threads at once.

        Raises:
            OSError: If it cannot be read; the picture is then skipped and reported.
        """

    def class_names(self) -> Sequence[str] | None:
        """The order of classes, where the source has one of its own; else they are sorted by name."""
        return None
