"""The network importer contract: a file of another system in, a network description out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class ImportedNetwork:
    """A network as our files describe it.

    Attributes:
        description: What `digits_core.graph.codec.decode` reads; layers that give logits have ``$classes`` units, so
            that a dataset decides their number.
        notes: What a person should know, each a sentence.
    """

    description: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class NetworkImporter(ABC):
    """Understands the network files of one system; it has no state."""

    name: ClassVar[str]

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Whether ``path`` looks like such a file; quick."""

    @abstractmethod
    def read(self, path: Path) -> ImportedNetwork:
        """The network that ``path`` describes.

        Raises:
            NetworkInvalid: With every line that cannot be read or built here.
        """
