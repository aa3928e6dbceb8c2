"""How a plugin declares what it brings: pure data, imported only when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a plugin brings.

    Attributes:
        name: What users write, for example ``torch`` or ``lenet``.
        target: Where it is, as ``package.module:Class``.
        summary: One sentence for lists and help.
        needs: Top-level packages that must be importable for it, for example ``("torch",)``.
        extra: The extra of the owning distribution that brings them, for the remedy; empty if there is none.
        devices: Kinds of devices that a backend may drive; of no meaning for other things.
        api: Version of the contracts it was written for.
    """

    name: str
    target: str
    summary: str
    needs: tuple[str, ...] = ()
    extra: str = ""
    devices: tuple[str, ...] = ("cpu", "gpu")
    api: int = 1
