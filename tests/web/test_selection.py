"""What a catalogue finds, without a page."""

from dataclasses import dataclass

import pytest

from digits_web.catalogue.selection import Query, Subject, select, values_of


@dataclass(frozen=True)
class Thing:
    name: str
    score: float | None = None
    tags: tuple[str, ...] = ()


SUBJECT = Subject(
    words=lambda thing: " ".join((thing.name, *thing.tags)),
    facets={"tag": lambda thing: thing.tags},
    orders={"created": lambda thing: thing.name, "score": lambda thing: thing.score},
)
THINGS = (Thing("a", 0.5, ("red",)), Thing("b", None, ("red", "big")), Thing("c", 0.9), Thing("d", 0.1, ("big",)))


def names(query):
    return [thing.name for _, things in select(SUBJECT, THINGS, query).groups for thing in things]


def test_every_word_has_to_occur_in_any_case():
    assert names(Query(text="RED b")) == ["b"]
    assert names(Query(text="red nowhere")) == []


def test_one_of_the_wanted_values_has_to_be_there():
    assert names(Query(wanted={"tag": ("big",)}, falling=False)) == ["b", "d"]
    assert names(Query(wanted={"tag": ()}, falling=False)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("falling", "order"), [(True, ["c", "a", "d", "b"]), (False, ["d", "a", "c", "b"])])
def test_what_has_no_value_comes_last_both_ways(falling, order):
    assert names(Query(order="score", falling=falling)) == order


def test_a_thing_is_in_every_group_that_it_has_a_value_of():
    found = select(SUBJECT, THINGS, Query(group="tag", falling=False))
    assert [(group, [thing.name for thing in things]) for group, things in found.groups] == [
        ("big", ["b", "d"]),
        ("red", ["a", "b"]),
        ("none", ["c"]),
    ]
    assert (found.total, found.sizes) == (5, {"big": 2, "red": 2, "none": 1})


def test_a_page_beyond_the_last_is_the_last():
    things = [Thing(f"{number:03}") for number in range(60)]
    found = select(SUBJECT, things, Query(page=9, falling=False))
    assert (found.page, found.total, len(found.groups[0][1])) == (2, 60, 10)


def test_a_question_survives_as_an_address():
    query = Query("lenet & co", {"tag": ("red, or", "big")}, "tag", "score", False, 2, 50)
    assert Query.of_address(query.to_address(), SUBJECT) == query
    assert Query().to_address() == ""


def test_nonsense_in_an_address_is_left_out():
    assert Query.of_address("page=-1&sort=-secret&group=nothing&count=7&tag=&x=1", SUBJECT) == Query()


def test_what_can_be_chosen_is_what_occurs():
    assert values_of(SUBJECT, THINGS, "tag") == ["big", "red"]
