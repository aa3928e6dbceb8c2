"""What a job that trains nothing is about, whatever its kind: for lists, and for whoever must not take it away."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """What a job is about; what does not apply is empty.

    Attributes:
        dataset: The dataset, ``NAME`` or ``NAME@v0001``.
        model: The model, ``JOB@NAME``.
        computes: What computes: the name of a runtime or backend.
        words: What else was asked for, in words.
    """

    dataset: str = ""
    model: str = ""
    computes: str = ""
    words: str = ""
