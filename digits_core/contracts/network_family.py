"""The network family contract: parameters and an input shape in, a graph out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel

from digits_core.graph.graph import Graph, NetworkInput


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is usually trained: advice for a request, which nothing follows by itself.

    Attributes:
        size: Shorter side of the pictures of a dataset.
        crop: Side of the square that is cut out of them; None: the whole picture.
        mirror: Whether pictures are mirrored left to right at random.
        batch: Pictures per step, over all devices.
        solver: How weights are updated.
        rate: Base learning rate for ``batch``.
    """

    size: int
    crop: int | None = None
    mirror: bool = False
    batch: int = 64
    solver: str = "sgd"
    rate: float = 0.01


class NetworkFamily(ABC):
    """A network that adapts to its input and class count.

    ``Params`` is a pydantic model; its field descriptions are the family's documentation. Variants of a paper are
    entries of one family that differ in `digits_core.contracts.entry.Entry.params`.
    """

    name: ClassVar[str]
    Params: ClassVar[type[BaseModel]]
    #: The input it was published for; used where there is no dataset.
    usual_input: ClassVar[NetworkInput]
    #: How it is usually trained.
    recipe: ClassVar[Recipe]

    @abstractmethod
    def build(self, params: Any, input: NetworkInput) -> Graph:
        """The graph for ``input``.

        Raises:
            NetworkInvalid: If the input is too small for the family's layers.
        """
