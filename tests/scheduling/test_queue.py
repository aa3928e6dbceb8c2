"""The queue: who is next, and what the others wait for."""

import pytest

from digits_core.errors import NameUnknown
from digits_core.scheduling.queue import turns
from digits_core.scheduling.states import Standing
from digits_core.store.job import RunRequest


@pytest.fixture(autouse=True)
def devices(monkeypatch):
    """Six CPU devices."""
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "6")


def run(wanted, ticket=0, **fields):
    return RunRequest(backend="numpy", wanted=wanted, ticket=ticket, **fields)


def queue(**stands):
    return {turn.id: turn for turn in turns(stands, lambda backend: ("cpu",))}


def busy(*ids):
    return Standing("running", run=run("cpu", processes=(ids,)), alive=True)


def test_the_next_one_has_the_highest_priority_and_then_the_lowest_ticket():
    found = queue(
        late=Standing("queued", run=run("cpu:1", 2)),
        early=Standing("queued", run=run("cpu:1", 1)),
        urgent=Standing("queued", run=run("cpu:1", 3, priority=1)),
    )
    assert [(turn.id, turn.position) for turn in found.values()] == [("urgent", 1), ("early", 2), ("late", 3)]


def test_what_holds_a_device_is_named_and_so_is_what_comes_first():
    found = queue(
        a=busy("cpu:0", "cpu:1", "cpu:2", "cpu:3", "cpu:4"),
        all=Standing("queued", run=run("cpu", 1)),
        one=Standing("queued", run=run("cpu:5-5", 2)),
    )
    assert not found["all"].processes and found["all"].waits_for == "5 devices (job a)"
    assert not found["one"].processes and found["one"].waits_for == "cpu:5 (job all)"


def test_one_that_fits_waits_only_for_somebody_who_starts_it():
    found = queue(a=Standing("queued", run=run("cpu:1")))["a"]
    assert found.processes == (("cpu:0",),) and "digits scheduler" in found.waits_for


def test_devices_that_are_not_here_are_said_to_be_missing():
    found = queue(a=Standing("queued", run=run("cpu:0,9")), b=Standing("queued", run=run("gpu", 1)))
    assert found["a"].waits_for == "cpu:9 (not here)" and found["b"].waits_for == "devices gpu, which are not here"


def test_a_backend_that_is_gone_stops_nobody_else():
    def kinds(backend):
        if backend == "gone":
            raise NameUnknown("Unknown backend 'gone'.")
        return ("cpu",)

    lost = RunRequest(backend="gone", wanted="cpu", ticket=1)
    stands = {"a": Standing("queued", run=lost), "b": Standing("queued", run=run("cpu:1", 2))}
    first, second = turns(stands, kinds)
    assert "gone" in first.waits_for and second.processes
