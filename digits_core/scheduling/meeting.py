"""How the supervisors of one run, on several machines, find each other, and notice when one is gone.

::

    node 0  listens ── nodes/RUN-0.json: where, and a token ──→  node 1 … connect and say who they are
            all are there ── roster: hosts, addresses, devices ──→  every node starts its workers
            connections stay: one that ends without a farewell is a node that was killed

Addresses travel over the connections that are needed anyway: a file that another machine has written may take a
shared file system a minute to show.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digits_core.disk import write_file
from digits_core.errors import JobFailed
from digits_core.scheduling.addresses import address, free_addresses, is_loopback, listening

#: What the nodes are given to find each other.
PATIENCE_S = 300.0
LOOK_S = 0.05
#: Seconds without an answer after which the system asks whether the other machine is there, between two such
#: questions, and how many stay unanswered before it counts as gone.
_KEEPALIVE = (5, 5, 3)


@dataclass(frozen=True, slots=True)
class Node:
    """What a node brings.

    Attributes:
        host: Where the others reach it.
        addresses: Where each of its processes listens.
        devices: Ids of the devices of each of its processes.
    """

    host: str
    addresses: tuple[str, ...]
    devices: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Node:
        """The node in plain data."""
        return cls(data["host"], tuple(data["addresses"]), tuple(tuple(ids) for ids in data["devices"]))


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a node ended.

    Attributes:
        node: Its rank.
        said: Whether it said so itself; else its connection ended without a word.
        well: Whether all of its workers did what they should.
        message: What went wrong there, as far as it knows.
        hint: What to do.
    """

    node: int
    said: bool = False
    well: bool = False
    message: str = ""
    hint: str = ""


class Line:
    """One connection; what goes over it are lines of JSON.

    Args:
        connection: Taken over.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            for option, value in zip(("KEEPIDLE", "KEEPINTVL", "KEEPCNT"), _KEEPALIVE, strict=True):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{option}"), value)
        self._connection, self._rest = connection, b""
        self.ended = False

    def say(self, **words: Any) -> None:
        """Send some words; whether they arrive shows in what comes back."""
        with contextlib.suppress(OSError):
            self._connection.sendall(json.dumps(words).encode() + b"\n")

    def hear(self) -> dict[str, Any] | None:
        """The next words; None where there are none, and for ever so once `ended`."""
        try:
            data = self._connection.recv(65536)
            self.ended = not data
            self._rest += data
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True
        line, newline, rest = self._rest.partition(b"\n")
        if not newline:
            return None
        self._rest = rest
        with contextlib.suppress(ValueError):
            words = json.loads(line)
            return words if isinstance(words, dict) else None
        return None

    def close(self) -> None:
        """Let go."""
        self._connection.close()


class _Door:
    """Lets in who knows the token; it is in a file that only those can read who may read the job.

    Args:
        listener: Where they knock.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.token = secrets.token_hex(16)
        self._listener = listener
        self._strangers: list[Line] = []

    def arrivals(self) -> Iterator[tuple[Line, dict[str, Any]]]:
        """Those that have come, and what they say of themselves."""
        with contextlib.suppress(BlockingIOError):
            self._strangers.append(Line(self._listener.accept()[0]))
        for line in tuple(self._strangers):
            said = line.hear()
            if said is None and not line.ended:
                continue
            self._strangers.remove(line)
            if said is not None and said.get("token") == self.token:
                yield line, said
            else:
                line.close()

    def close(self) -> None:
        """Send those away that have not said who they are."""
        for line in self._strangers:
            line.close()


class Meeting(ABC):
    """The supervisors of one run, seen from one of them."""

    @abstractmethod
    def gather(self, devices: Sequence[Sequence[str]], wanted: Callable[[], bool]) -> tuple[Node, ...]:
        """Wait for all nodes; returns them by rank, or nothing where they are no longer wanted.

        Args:
            devices: Ids of the devices of each process of this node.
            wanted: Asked again and again.

        Raises:
            JobFailed: If one does not come in time, or leaves.
        """

    @abstractmethod
    def farewell(self) -> Farewell | None:
        """How another node ended, told once: to node 0 where it did not end well, to the others of node 0."""

    @abstractmethod
    def leave(self, farewell: Farewell) -> None:
        """Say farewell to the others."""


class Leading(Meeting):
    """Node 0, which the others connect to.

    Args:
        path: What its file is called.
        count: How many nodes there are.
        host: Under what name or address the others reach this one.
        port: Where they do; 0: any that is free.
    """

    def __init__(self, path: Path, count: int, host: str, port: int) -> None:
        self._path, self._count, self._host, self._port = path, count, host, port
        self._lines: dict[int, Line] = {}
        self._nodes: dict[int, Node] = {}

    def gather(self, devices: Sequence[Sequence[str]], wanted: Callable[[], bool]) -> tuple[Node, ...]:
        """Listen until everyone has come."""
        self._nodes[0] = _node(self._host, devices)
        end = time.monotonic() + PATIENCE_S
        with self._listen() as listener, closing(_Door(listener)) as door:
            link = address(self._host, listener.getsockname()[1])
            self._path.parent.mkdir(exist_ok=True)
            write_file(self._path, json.dumps({**asdict(self._nodes[0]), "link": link, "token": door.token}))
            while len(self._nodes) < self._count:
                if not wanted():
                    return ()
                self._require_time(end)
                for line, said in door.arrivals():
                    self._welcome(line, int(said["rank"]), said["node"])
                time.sleep(LOOK_S)
        roster = tuple(self._nodes[rank] for rank in range(self._count))
        for line in self._lines.values():
            line.say(roster=[asdict(node) for node in roster])
        return roster

    def farewell(self) -> Farewell | None:
        """The first node that has gone, or failed."""
        for rank, line in self._lines.items():
            said = line.hear()
            if said is None and not line.ended:
                continue
            del self._lines[rank]
            line.close()
            if not (said and said.get("well")):
                return _farewell(rank, said)
            return None
        return None

    def leave(self, farewell: Farewell) -> None:
        """Say farewell to the others."""
        for line in self._lines.values():
            line.say(well=farewell.well, message=farewell.message, hint=farewell.hint)
            line.close()

    def _listen(self) -> socket.socket:
        # The name by which others know this machine may be none of its own addresses, so any of them will do.
        place = self._host if is_loopback(self._host) else ""
        try:
            listener = listening(place, self._port)
        except OSError as reason:
            raise JobFailed(
                f"Node 0 cannot listen at {address(self._host, self._port)}: {reason.strerror}.",
                hint="Give --coordinator another port, or none.",
            ) from None
        listener.setblocking(False)
        return listener

    def _welcome(self, line: Line, rank: int, node: dict[str, Any]) -> None:
        if rank in self._nodes or rank not in range(self._count):
            line.close()
            return
        self._lines[rank], self._nodes[rank] = line, Node.of(node)
        write_file(self._path.with_name(self._path.name.replace("-0.", f"-{rank}.")), json.dumps(node))

    def _require_time(self, end: float) -> None:
        if (gone := self.farewell()) is not None:
            raise JobFailed(gone.message or f"Node {gone.node} of {self._count} left before training began.")
        if time.monotonic() > end:
            late = [str(rank) for rank in range(self._count) if rank not in self._nodes]
            who = f"Node {late[0]}" if len(late) == 1 else f"Nodes {', '.join(late)}"
            raise JobFailed(
                f"{who} of {self._count} did not come within {PATIENCE_S / 60:g} minutes.",
                hint="Start the same command there with its --node-rank, then resume the job on every node.",
            )


class Following(Meeting):
    """Another node, which connects to node 0.

    Args:
        path: What the file of node 0 is called.
        rank: Which node this is.
    """

    def __init__(self, path: Path, rank: int) -> None:
        self._path, self._rank = path, rank
        self._line: Line | None = None

    def gather(self, devices: Sequence[Sequence[str]], wanted: Callable[[], bool]) -> tuple[Node, ...]:
        """Look for node 0, say what is here, and hear what the others bring."""
        end = time.monotonic() + PATIENCE_S
        while wanted():
            if time.monotonic() > end:
                raise JobFailed(f"Node {self._rank} waited {PATIENCE_S / 60:g} minutes for the others.")
            if self._line is None:
                self._line = self._connect(devices)
            elif (said := self._line.hear()) is not None:
                return tuple(Node.of(node) for node in said.get("roster", ()))
            elif self._line.ended:
                return ()
            time.sleep(LOOK_S)
        return ()

    def farewell(self) -> Farewell | None:
        """How node 0 ended."""
        said = self._line.hear() if self._line is not None else None
        ended = self._line is not None and self._line.ended
        return _farewell(0, said) if said is not None or ended else None

    def leave(self, farewell: Farewell) -> None:
        """Say farewell to node 0."""
        if self._line is not None:
            self._line.say(well=farewell.well, message=farewell.message, hint=farewell.hint)
            self._line.close()

    def _connect(self, devices: Sequence[Sequence[str]]) -> Line | None:
        try:
            said = json.loads(self._path.read_bytes())
            host, _, port = said["link"].rpartition(":")
            connection = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        except (OSError, ValueError, KeyError):
            return None
        line = Line(connection)
        line.say(token=said["token"], rank=self._rank, node=asdict(_node(connection.getsockname()[0], devices)))
        return line


def _farewell(node: int, said: dict[str, Any] | None) -> Farewell:
    if said is None or "well" not in said:
        return Farewell(node)
    return Farewell(node, True, bool(said["well"]), str(said["message"]), str(said["hint"]))


def _node(host: str, devices: Sequence[Sequence[str]]) -> Node:
    return Node(host, free_addresses(len(devices), host), tuple(tuple(ids) for ids in devices))
