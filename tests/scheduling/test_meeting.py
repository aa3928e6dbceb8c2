"""Supervisors of one run find each other: real connections, a thread for each machine."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from digits_core.errors import JobFailed
from digits_core.scheduling import meeting
from digits_core.scheduling.addresses import free_addresses, is_loopback
from digits_core.scheduling.meeting import Farewell, Following, Leading


def always():
    return True


@pytest.fixture
def path(tmp_path):
    return tmp_path / "nodes" / "1-0.json"


@pytest.fixture
def met(path):
    """Three machines that have met, the second with two devices, and what each knows of all."""
    nodes = [Leading(path, 3, "127.0.0.1", 0), Following(path, 1), Following(path, 2)]
    devices = [(("gpu:0",),), (("gpu:0",), ("gpu:1",)), (("cpu:0", "cpu:1"),)]
    with ThreadPoolExecutor(3) as pool:
        rosters = list(pool.map(lambda pair: pair[0].gather(pair[1], always), zip(nodes, devices, strict=True)))
    yield nodes, rosters
    for node in nodes:
        node.leave(Farewell(0, True, True))


def hear(node):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (farewell := node.farewell()) is not None:
            return farewell
        time.sleep(0.01)
    return None


def test_every_machine_knows_the_addresses_and_devices_of_all(met, path):
    _, rosters = met
    assert rosters[0] == rosters[1] == rosters[2]
    assert [node.devices for node in rosters[0]] == [
        (("gpu:0",),),
        (("gpu:0",), ("gpu:1",)),
        (("cpu:0", "cpu:1"),),
    ]
    addresses = [address for node in rosters[0] for address in node.addresses]
    assert len(set(addresses)) == 4 and all(address.startswith("127.0.0.1:") for address in addresses)
    assert [json.loads(path.with_name(f"1-{rank}.json").read_text())["host"] for rank in range(3)] == ["127.0.0.1"] * 3


def test_a_machine_that_vanishes_is_missed_at_once(met):
    nodes, _ = met
    assert nodes[0].farewell() is None and nodes[1].farewell() is None
    nodes[2]._line.close()  # as the system does for a process that is killed
    assert hear(nodes[0]) == Farewell(2)
    assert nodes[0].farewell() is None


def test_a_machine_that_has_failed_says_why_and_one_that_has_finished_is_not_missed(met):
    nodes, _ = met
    nodes[1].leave(Farewell(1, True, True))
    nodes[2].leave(Farewell(2, True, False, "It broke.", "Mend it."))
    assert hear(nodes[0]) == Farewell(2, True, False, "It broke.", "Mend it.")
    assert nodes[0].farewell() is None


def test_the_others_hear_how_the_first_one_ended(met):
    nodes, _ = met
    nodes[0].leave(Farewell(0, True, True))
    assert hear(nodes[1]) == Farewell(0, True, True)


def test_a_machine_that_does_not_come_is_named(path, monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE_S", 0.2)
    with pytest.raises(JobFailed, match="Node 1 of 2 did not come"):
        Leading(path, 2, "127.0.0.1", 0).gather([("cpu:0",)], always)


def test_waiting_ends_when_nobody_wants_it(path):
    assert Leading(path, 2, "127.0.0.1", 0).gather([("cpu:0",)], lambda: False) == ()
    assert Following(path, 1).gather([("cpu:0",)], lambda: False) == ()


def test_a_port_that_is_taken_is_said(path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(JobFailed, match=f"cannot listen at 127.0.0.1:{port}"):
            Leading(path, 2, "127.0.0.1", port).gather([("cpu:0",)], always)


@pytest.mark.parametrize("words", [b"GET / HTTP/1.0\n", b'{"token": "guessed", "rank": 1}\n', b"[1]\n", b""])
def test_a_stranger_is_no_machine(path, words, monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE_S", 0.5)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Leading(path, 2, "127.0.0.1", 0).gather, [("cpu:0",)], always)
        while not path.exists():
            time.sleep(0.01)
        port = int(json.loads(path.read_text())["link"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(words)
            with pytest.raises(JobFailed, match="did not come"):
                waiting.result()


def test_a_second_machine_of_the_same_rank_is_sent_away(path):
    nodes = [Leading(path, 3, "127.0.0.1", 0), Following(path, 1), Following(path, 1), Following(path, 2)]
    with ThreadPoolExecutor(4) as pool:
        rosters = [pool.submit(node.gather, [("cpu:0",)], always) for node in nodes[:3]]
        time.sleep(0.5)
        rosters.append(pool.submit(nodes[3].gather, [("cpu:0",)], always))
        found = [len(roster.result()) for roster in rosters]
    for node in nodes:
        node.leave(Farewell(0, True, True))
    assert found[0] == found[3] == 3 and sorted(found[1:3]) == [0, 3]


def test_addresses_are_free_and_all_different():
    assert len(set(free_addresses(5))) == 5
    assert free_addresses(1, "node-a")[0].startswith("node-a:")


def test_what_means_this_machine_only():
    assert all(map(is_loopback, ("127.0.0.1", "127.0.1.1", "::1", "localhost")))
    assert not any(map(is_loopback, ("10.0.0.1", "node-a")))
