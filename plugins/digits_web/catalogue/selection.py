"""What is asked of a catalogue and what it finds: words, facets, a group, an order and a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

ItemT = TypeVar("ItemT")
#: Rows that a page may have.
PAGE_SIZES = (25, 50, 100)
#: What has no value is grouped under this.
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Subject(Generic[ItemT]):
    """How things of one kind are searched, filtered and ordered.

    Attributes:
        words: Everything that a search looks at.
        facets: For what can be filtered and grouped by: its values for one thing.
        orders: For what can be ordered by: its value; nothing comes last, whichever way.
    """

    words: Callable[[ItemT], str]
    facets: Mapping[str, Callable[[ItemT], Sequence[str]]]
    orders: Mapping[str, Callable[[ItemT], Any]]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Attributes:
        text: Words that all have to occur, in any order and case.
        wanted: For a facet the values of which one has to be there.
        group: The facet to group by; empty: none.
        order: What to order by.
        falling: Whether the largest comes first.
        page: Which page, from 0.
        count: Things on a page.
    """

    text: str = ""
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: str = ""
    order: str = "created"
    falling: bool = True
    page: int = 0
    count: int = PAGE_SIZES[0]

    def to_address(self) -> str:
        """The same as the query of an address; empty where nothing is out of the ordinary."""
        usual = Query()
        # A value may have any character in it: each has a word of its own.
        words: dict[str, Any] = {**self.wanted}
        sign = "-" if self.falling else ""
        words |= {"q": self.text, "group": self.group, "page": self.page + 1 if self.page else ""}
        words |= {"count": self.count if self.count != usual.count else ""}
        words |= {"sort": f"{sign}{self.order}" if (self.order, self.falling) != (usual.order, usual.falling) else ""}
        return urlencode({name: value for name, value in words.items() if value}, doseq=True)

    @classmethod
    def of_address(cls, address: str, subject: Subject[Any]) -> Query:
        """What the query of an address asks for; what makes no sense in it is left out."""
        asked = parse_qsl(address)
        words = dict(asked)
        sort = words.get("sort", "")
        order, number = sort.removeprefix("-"), words.get("page", "")
        query = cls(
            text=words.get("q", ""),
            wanted={
                name: tuple(value for key, value in asked if key == name) for name in subject.facets if name in words
            },
            group=words.get("group", "") if words.get("group") in subject.facets else "",
            page=max(int(number) - 1, 0) if number.isdecimal() else 0,
            count=next((size for size in PAGE_SIZES if str(size) == words.get("count")), PAGE_SIZES[0]),
        )
        if order in subject.orders:
            return dataclasses.replace(query, order=order, falling=sort.startswith("-"))
        return query


@dataclass(frozen=True, slots=True)
class Found(Generic[ItemT]):
    """One page of what was found.

    Attributes:
        total: How many there are on all pages.
        page: Which page this is; the last one where the query asked for one beyond.
        groups: What is on this page; one group without a name where nothing is grouped.
        sizes: How many things each group has on all pages.
    """

    total: int
    page: int
    groups: tuple[tuple[str, tuple[ItemT, ...]], ...]
    sizes: Mapping[str, int]


def select(subject: Subject[ItemT], items: Iterable[ItemT], query: Query) -> Found[ItemT]:
    """The page of ``items`` that ``query`` asks for; a thing with several values of a facet is in several groups."""
    matching = ordered(subject, matches(subject, items, query), query)
    placed = [("", item) for item in matching]
    if query.group:
        values = subject.facets[query.group]
        placed = [(group, item) for item in matching for group in values(item) or (NOTHING,)]
        placed.sort(key=lambda pair: (pair[0] == NOTHING, pair[0].casefold()))
    sizes: dict[str, int] = {}
    for group, _ in placed:
        sizes[group] = sizes.get(group, 0) + 1
    page = min(query.page, max((len(placed) - 1) // query.count, 0))
    shown: dict[str, list[ItemT]] = {}
    for group, item in placed[page * query.count : (page + 1) * query.count]:
        shown.setdefault(group, []).append(item)
    return Found(len(placed), page, tuple((group, tuple(found)) for group, found in shown.items()), sizes)


def matches(subject: Subject[ItemT], items: Iterable[ItemT], query: Query) -> list[ItemT]:
    """Everything that has all words and, for every facet, one of the wanted values."""
    words = query.text.casefold().split()
    wanted = [(subject.facets[name], frozenset(values)) for name, values in query.wanted.items() if values]
    found = [item for item in items if all(not chosen.isdisjoint(values(item)) for values, chosen in wanted)]
    if not words:
        return found
    return [item for item in found if _has(subject.words(item).casefold(), words)]


def ordered(subject: Subject[ItemT], items: Sequence[ItemT], query: Query) -> list[ItemT]:
    """The things in the order that is asked for; those without a value last."""
    value = subject.orders[query.order]
    known = [(key, number) for number, item in enumerate(items) if (key := value(item)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=query.falling)
    placed = {number for _, number in known}
    rest = (item for number, item in enumerate(items) if number not in placed)
    return [*(items[number] for _, number in known), *rest]


def values_of(subject: Subject[ItemT], items: Iterable[ItemT], facet: str) -> list[str]:
    """Every value of a facet that occurs, in alphabetical order."""
    values = subject.facets[facet]
    return sorted({value for item in items for value in values(item)}, key=str.casefold)


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)
