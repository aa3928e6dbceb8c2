"""The network family contract: parameters and an input shape in, a graph out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel

from digits_core.graph.graph import Graph, NetworkInput


class NetworkFamily(ABC):
    """A network that adapts to its input and class count.

    ``Params`` is a pydantic model; its field descriptions are the family's documentation.
    """

    name: ClassVar[str]
    Params: ClassVar[type[BaseModel]]
    #: The input it was published for; used where there is no dataset.
    usual_input: ClassVar[NetworkInput]

    @abstractmethod
    def build(self, params: Any, input: NetworkInput) -> Graph:
        """The graph for ``input``.

        Raises:
            NetworkInvalid: If the input is too small for the family's layers.
        """
