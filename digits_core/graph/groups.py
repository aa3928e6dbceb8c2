"""Layers that belong together by their names: ``res2.conv1`` and ``res2.sum`` are of ``res2``."""

from __future__ import annotations


def group_of(name: str) -> str:
    """What stands before the first dot of a layer's name, which the layers of a block share; empty where there is none.

    >>> group_of("res2.1.conv1"), group_of("conv1")
    ('res2.1', '')
    """
    parts = name.removesuffix(".activation").split(".")
    numbered = len(parts) > 2 and parts[1].isdigit()
    return ".".join(parts[: 2 if numbered else 1]) if len(parts) > 1 else ""
