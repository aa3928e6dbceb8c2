"""Networks that are a Python file of one framework: for the core one operation, whose weights that framework reports.

They are code, so no network file may say ``native``: such a graph is made from a file that a person names at the
command line, and kept in the folder of the job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from digits_core.graph.graph import INPUT, Graph, LayerSpec, NetworkInput
from digits_core.graph.initializers import Constant
from digits_core.graph.ops import OPS, Op, Parameter
from digits_core.graph.shapes import Shape
from digits_core.spec.model import Spec

NATIVE: Literal["native"] = "native"
#: Factor on pictures of 0 to 255 after the mean is subtracted: what modules of every framework expect.
SCALE = 1 / 255


class NativeWeight(Spec):
    """An array of a native network."""

    name: str
    """Its name in the module, for example ``features.0.weight``."""
    shape: tuple[int, ...]
    """Its shape, in the layout of its framework."""
    trainable: bool = True
    """Whether the solver changes it; running statistics and the like are only kept."""


class Native(Op):
    """Whatever a Python file computes; its weights have names of their own and the layout of their framework."""

    kind: ClassVar = NATIVE
    backend: str
    """The backend whose framework it is written for."""
    file: str
    """What the file was called."""
    source: str
    """The file."""
    digest: str
    """SHA-256 of the file."""
    classes: int = Field(ge=1)
    """Number of logits."""
    weights: tuple[NativeWeight, ...] = ()
    """Its arrays, as the backend reports them."""

    def output(self, *inputs: Shape) -> Shape:
        """``[classes]``."""
        return (self.classes,)

    def parameters(self, *inputs: Shape) -> dict[str, Parameter]:
        """What the backend reported; how they start is the module's own business.

        Nothing says which are kernels, so those are that have more than one axis.
        """
        return {
            weight.name: Parameter(weight.shape, Constant(), weight.trainable, kernel=len(weight.shape) > 1)
            for weight in self.weights
        }

    def flops(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Unknown, and told as 0."""
        return 0


#: What the graph of a job may consist of.
JOB_OPS: dict[str, type[Op]] = {**OPS, NATIVE: Native}


def native_graph(name: str, input: NetworkInput, op: Native) -> Graph:
    """Pictures and one operation."""
    return Graph.of(name, [LayerSpec(INPUT, input.op(SCALE)), LayerSpec(NATIVE, op)], classes=input.classes)


def native_of(graph: Graph) -> Native | None:
    """The native network that a graph is, if it is one."""
    op = graph.layers[-1].op
    return op if isinstance(op, Native) else None


def digest_of(source: str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(source.encode()).hexdigest()
