"""Ask a backend about a native network: ``python -m digits_core.training.describe``.

It reads a `DescribeRequest` and writes a `DescribeReport`, both JSON. It lives in a process of its own because it
imports a framework and runs a person's file, and the service does neither.
"""

from __future__ import annotations

import sys

from digits_core.errors import DigitsError
from digits_core.graph.graph import NetworkInput
from digits_core.graph.native import Native, NativeWeight
from digits_core.hooks.registry import discover
from digits_core.spec.model import Spec


class DescribeRequest(Spec):
    """What is asked."""

    network: Native
    """The file, without weights."""
    channels: int
    """Channels of a picture."""
    height: int
    """Its height."""
    width: int
    """Its width."""


class WrongPart(Spec):
    """Something that is wrong with the file."""

    message: str
    """What."""
    where: str
    """Where."""
    hint: str
    """What to do."""


class DescribeReport(Spec):
    """What was found."""

    weights: tuple[NativeWeight, ...] = ()
    """Its arrays."""
    problems: tuple[WrongPart, ...] = ()
    """Why it cannot be trained; empty: it can."""


def describe(request: DescribeRequest) -> DescribeReport:
    """Run the file in its backend and tell what arrays its module has."""
    op = request.network
    input = NetworkInput(request.channels, request.height, request.width, op.classes)
    try:
        found = discover().backends.get(op.backend)().native_arrays(op, input, 0)
    except DigitsError as refused:
        parts = (WrongPart(message=part.message, where=part.where, hint=part.hint) for part in refused.problems)
        return DescribeReport(problems=tuple(parts))
    trained = [NativeWeight(name=name, shape=array.shape) for name, array in found.trained.items()]
    kept = [NativeWeight(name=name, shape=array.shape, trainable=False) for name, array in found.kept.items()]
    return DescribeReport(weights=(*trained, *kept))


def main() -> None:
    """Answer the request on standard input."""
    report = describe(DescribeRequest.model_validate_json(sys.stdin.read()))
    print()  # Whatever a framework or the file printed ends here.
    print(report.model_dump_json(), flush=True)


if __name__ == "__main__":
    main()
