"""How a plugin declares what it brings: pure data, imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a plugin brings.

    Attributes:
        name: What users write, for example ``torch`` or ``lenet``.
        target: Where it is, as ``package.module:Class``.
        summary: One sentence for lists and help.
        needs: Top-level packages that must be importable for it, for example ``("torch",)``.
        extra: The extra of the owning distribution that brings them, for the remedy; empty if there is none.
        params: Values for the params of a network family, which users may go over: ``{"depth": 50}``.
        devices: Kinds of devices that a backend may drive; of no meaning for other things.
        precisions: Number formats that an exporter writes weights in; of no meaning for other things.
        modest: Environment in which a backend takes no more of a device than it needs, for processes that only ask what
            it can do while others train.
        api: Version of the contracts it was written for.
    """

    name: str
    target: str
    summary: str
    needs: tuple[str, ...] = ()
    extra: str = ""
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    devices: tuple[str, ...] = ("cpu", "gpu")
    precisions: tuple[str, ...] = ("fp32",)
    modest: Mapping[str, str] = field(default_factory=dict, hash=False)
    api: int = 1
