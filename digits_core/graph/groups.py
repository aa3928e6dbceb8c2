"""Layers that belong together by their names: ``res2.conv1`` and ``res2.sum`` are of ``res2``."""

from __future__ import annotations


def group_of(name: str) -> str:
    """What the layers of a block share: their names up to the last number, else up to the first dot.

    >>> group_of("res2.1.conv1"), group_of("inception_3a.pool"), group_of("conv1")
    ('res2.1', 'inception_3a', '')
    """
    parents = name.removesuffix(".activation").split(".")[:-1]
    last = max((index for index, part in enumerate(parents) if part.isdigit()), default=0)
    return ".".join(parents[: last + 1])
