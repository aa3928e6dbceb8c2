"""Where plain data came from: a file, and the line of every value in it, for errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

#: A key of a mapping, or an index of a list.
Key: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Origin:
    """A value in a file, and how its place is told.

    Attributes:
        name: The file, or whatever else the data is from.
        lines: The line of every value, counted from 1, by the keys that lead to it.
        path: The keys that lead to this value.
        label: What the value is called; empty: its path.
        note: What is told after the place, for example where a block is used.

    >>> origin = Origin("job.yaml", {("solver",): 3, ("solver", "rate"): 4})
    >>> origin.at("solver", "rate"), origin.within("solver", label="sgd").at("decay")
    ('job.yaml:4, solver.rate', 'job.yaml:3, sgd.decay')
    """

    name: str = ""
    lines: Mapping[tuple[Key, ...], int] = field(default_factory=dict)
    path: tuple[Key, ...] = ()
    label: str = ""
    note: str = ""

    def within(self, *keys: Key, label: str = "", note: str = "") -> Origin:
        """A value of this value."""
        return replace(self, path=(*self.path, *keys), label=label, note=note or self.note)

    def at(self, *keys: Key) -> str:
        """The place of a value of this value, as errors tell it; keys that the file does not have are only named."""
        path, line, told = self.path, self.lines.get(self.path, 0), []
        for key in keys:
            found = (*path, key) in self.lines
            if found:
                path = (*path, key)
                line = self.lines[path]
            # Indices that are not in the file come from a number that stands for several.
            if found or isinstance(key, str) or not self.lines:
                told.append(key)
        words = (self.label,) if self.label else self.path
        place = f"{self.name}:{line}" if line else self.name
        return ", ".join(filter(None, (place, ".".join(map(str, (*words, *told))), self.note)))

    @property
    def line(self) -> int:
        """The line of this value; 0 where it is not known."""
        return self.lines.get(self.path, 0)
