"""Devices as a request names them, and as a person clicks them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NEXT = re.compile(r"(cpu|gpu):(\d+)")
_THESE = re.compile(r"(cpu|gpu):(?:(\d+)-(\d+)|(\d+(?:,\d+)+))")


def these(ids: Iterable[str]) -> str:
    """What a request says for these devices; auto where there are none.

    >>> these(["gpu:3", "gpu:0"]), these(["cpu:1"]), these([])
    ('gpu:0,3', 'cpu:1-1', 'auto')
    """
    numbers = sorted(int(id.partition(":")[2]) for id in ids)
    kind = next((id.partition(":")[0] for id in ids), "")
    if not numbers:
        return "auto"
    return f"{kind}:{numbers[0]}-{numbers[0]}" if len(numbers) == 1 else f"{kind}:{','.join(map(str, numbers))}"


def clicked(text: str) -> frozenset[str]:
    """The devices that a request names one by one.

    >>> sorted(clicked("cpu:0-1")), sorted(clicked("gpu:0,3")), sorted(clicked("gpu:2"))
    (['cpu:0', 'cpu:1'], ['gpu:0', 'gpu:3'], [])
    """
    found = _THESE.fullmatch(text)
    if found is None:
        return frozenset()
    kind, first, last, several = found.groups()
    numbers = several.split(",") if several else range(int(first), min(int(last), int(first) + 1023) + 1)
    return frozenset(f"{kind}:{number}" for number in numbers)


def count(text: str) -> int:
    """How many free devices a request asks for; 0: it asks in another way.

    >>> count("cpu:2"), count("auto")
    (2, 0)
    """
    found = _NEXT.fullmatch(text)
    return int(found[2]) if found else 0


def toggled(text: str, id: str) -> str:
    """The request after a click on a device; one of another kind replaces those that were chosen.

    >>> toggled("cpu:0-0", "cpu:1"), toggled("cpu:0,1", "cpu:1"), toggled("cpu:0,1", "gpu:0"), toggled("auto", "gpu:1")
    ('cpu:0,1', 'cpu:0-0', 'gpu:0-0', 'gpu:1-1')
    """
    kind = id.partition(":")[0]
    chosen = {other for other in clicked(text) if other.startswith(kind)}
    return these(chosen ^ {id})
