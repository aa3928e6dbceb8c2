"""The journal and its follower."""

import dataclasses
import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.errors import StorageUnusable
from digits_core.events.facts import FACTS, DeviceUsage, Fact, Noted, Sampled, TrainingLogged, Validated
from digits_core.events.follower import Follower
from digits_core.events.journal import Journal, parse_lines, read_facts

LOGGED = TrainingLogged(3, 0.5, 1.25, 0.75, 0.01, 900.0, (1.5, 1.0))


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "events.jsonl")


def facts(recorded):
    return [one.fact for one in recorded]


def example(kind):
    values = {
        int: 3,
        float: 0.5,
        float | None: None,
        str: "text",
        tuple[str, ...]: ("cpu:0",),
        tuple[float, ...]: (0.5, 1.5),
        tuple[DeviceUsage, ...]: (DeviceUsage("cpu:0", 12.5, 2**30), DeviceUsage("gpu:0", power_w=300.0)),
    }
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: values.get(hints[field.name], {"a": 1}) for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", FACTS.values(), ids=FACTS)
def test_every_fact_comes_back_as_it_was_written(journal, kind):
    fact = example(kind)
    journal.append(fact)
    assert facts(read_facts(journal.path)) == [fact]


def test_every_fact_is_known_by_its_kind():
    assert set(FACTS.values()) == set(typing.get_args(Fact))


def test_a_line_is_json_with_time_and_kind(journal):
    journal.append(LOGGED)
    line = json.loads(journal.path.read_text())
    assert line["kind"] == "training-logged"
    assert line["time"] > 1.5e9
    assert line["losses"] == [1.5, 1.0]


def test_a_number_that_is_not_finite_is_refused_and_nothing_is_written(journal):
    with pytest.raises(ValueError, match="JSON"):
        journal.append(Validated(1, 1.0, float("nan"), 0.0, 0.0))
    assert read_facts(journal.path) == []


def test_a_journal_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnusable, match=r"events\.jsonl"):
        Journal(tmp_path / "file" / "events.jsonl").append(LOGGED)


@given(st.integers(min_value=1, max_value=80))
def test_a_torn_tail_costs_one_fact_and_no_other(cut):
    whole = b'{"time": 1.0, "kind": "noted", "message": "one"}\n'
    torn = b'{"time": 2.0, "kind": "noted", "message": "two, which is a long sentence that is cut somewhere"}\n'[:cut]
    fresh = b'\n{"time": 3.0, "kind": "noted", "message": "three"}\n'
    assert facts(parse_lines(whole + torn + fresh)) == [Noted("one"), Noted("three")]


def test_a_writer_starts_on_a_fresh_line_after_a_torn_tail(journal):
    journal.append(Noted("one"))
    with open(journal.path, "ab") as stream:
        stream.write(b'{"time": 2.0, "ki')
    journal.append(Noted("three"))
    assert facts(read_facts(journal.path)) == [Noted("one"), Noted("three")]


def test_unknown_kinds_and_fields_of_later_versions_are_skipped(journal):
    journal.path.write_text(
        '{"time": 1, "kind": "sang"}\n{"time": 1, "kind": "noted", "message": "m", "colour": 3}\n[]\n'
    )
    assert facts(read_facts(journal.path)) == [Noted("m")]


def test_what_a_later_version_measures_of_a_device_is_dropped_too(journal):
    journal.append(Sampled((DeviceUsage("gpu:0", 97.0),), 1, None, 5))
    journal.path.write_text(journal.path.read_text().replace('{"id": "gpu:0"', '{"fan_percent": 30, "id": "gpu:0"'))
    assert facts(read_facts(journal.path)) == [Sampled((DeviceUsage("gpu:0", 97.0),), 1, None, 5)]


def test_a_follower_reads_each_fact_once(journal):
    follower = Follower(journal.path)
    assert follower.poll() == []
    journal.append(Noted("one"))
    assert facts(follower.poll()) == [Noted("one")]
    assert follower.poll() == []
    journal.append(Noted("two"))
    assert facts(follower.poll()) == [Noted("two")]


def test_a_follower_waits_for_the_end_of_a_line(journal):
    follower = Follower(journal.path)
    line = b'{"time": 1.0, "kind": "noted", "message": "caf\xc3\xa9"}\n'
    for end in range(1, len(line)):
        journal.path.write_bytes(line[:end])
        assert follower.poll() == []
    journal.path.write_bytes(line)
    assert facts(follower.poll()) == [Noted("café")]


def test_a_follower_goes_on_from_a_cursor(journal):
    journal.append(Noted("one"))
    first = Follower(journal.path)
    first.poll()
    journal.append(Noted("two"))
    assert facts(Follower(journal.path, first.cursor).poll()) == [Noted("two")]
