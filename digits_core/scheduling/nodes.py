"""Which of the machines that train together this one is, from flags, or from what torchrun and Slurm say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from digits_core.errors import Problem, SpecInvalid, require

_HINT = "For example: --nodes 2 --node-rank 0 --coordinator 10.0.0.1, and --node-rank 1 on the other machine."
_ADDRESS = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s/,:\[\]]+))(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """One machine among those that train together.

    Attributes:
        count: How many nodes there are.
        rank: Which one this is, from 0, the one that leads.
        host: Under what name or address the others reach node 0.
        port: Where node 0 waits for them; 0: on any free port.
        acts: Whether this process does the node's work; of several that a cluster starts on one node, the first.
    """

    count: int
    rank: int = 0
    host: str = ""
    port: int = 0
    acts: bool = True

    @property
    def coordinator(self) -> str:
        """Where node 0 is, as `find_place` reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


#: The only one.
ALONE = Place(1)


class _Cluster(NamedTuple):
    """Names of the variables in which a cluster says where a process stands.

    Attributes:
        nodes: How many there are.
        rank: This node's.
        local: Which of the processes of this node this one is.
        hosts: Where node 0 is; the first that is set.
    """

    nodes: str
    rank: str
    local: str
    hosts: tuple[str, ...]


# MASTER_PORT is left alone: torchrun itself listens there.
_TORCHRUN = _Cluster("GROUP_WORLD_SIZE", "GROUP_RANK", "LOCAL_RANK", ("MASTER_ADDR",))
_SLURM = _Cluster("SLURM_NNODES", "SLURM_NODEID", "SLURM_LOCALID", ("SLURM_LAUNCH_NODE_IPADDR", "SLURM_SRUN_COMM_HOST"))


def find_place(
    nodes: str | None, rank: int | None, coordinator: str | None, environment: Mapping[str, str]
) -> Place | None:
    """Where this process stands; None: it trains on one machine, as usual.

    What is not given is looked up in what torchrun sets, and, where ``nodes`` is ``auto``, in what Slurm sets.

    Args:
        nodes: How many, or ``auto``.
        rank: Which one this is, from 0.
        coordinator: ``HOST`` or ``HOST:PORT`` of node 0.
        environment: Variables of the process.

    >>> find_place("2", 1, "10.0.0.1", {})
    Place(count=2, rank=1, host='10.0.0.1', port=0, acts=True)

    Raises:
        SpecInvalid: With everything that is wrong.
    """
    reading = _Reading()
    found = reading.surroundings(nodes, environment)
    if nodes is None and found.nodes is None and (rank is not None or coordinator is not None):
        reading.complain("--node-rank and --coordinator expect --nodes, found none.", "--nodes")
    count = reading.number("--nodes", nodes, least=1) if nodes not in (None, "auto") else None
    count = reading.agreed("--nodes", count, found.nodes)
    rank = reading.agreed("--node-rank", rank, found.rank)
    host, port = reading.address(coordinator) if coordinator is not None else (found.host, 0)
    if count is not None:
        reading.require_member(count, rank, host)
    require(reading.problems, SpecInvalid)
    if count is None or (count == 1 and not found.local):
        return None
    return Place(count, rank or 0, host, port, acts=not found.local)


class _Found(NamedTuple):
    """What a cluster says; None where it says nothing."""

    nodes: int | None = None
    rank: int | None = None
    local: int | None = None
    host: str = ""


class _Reading:
    """Reads words one after the other, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def complain(self, message: str, where: str, hint: str = _HINT) -> None:
        """Keep a problem."""
        self.problems.append(Problem(message, where, hint))

    def surroundings(self, nodes: str | None, environment: Mapping[str, str]) -> _Found:
        """What a cluster says."""
        if _TORCHRUN.rank in environment:
            names = _TORCHRUN
        elif nodes == "auto" and _SLURM.nodes in environment:
            names = _SLURM
        else:
            if nodes == "auto":
                expected = "what torchrun or Slurm set (GROUP_RANK or SLURM_NNODES)"
                self.complain(f"--nodes auto expects {expected}, found neither.", "--nodes")
            return _Found()
        return _Found(
            self.number(names.nodes, environment.get(names.nodes), least=1),
            self.number(names.rank, environment.get(names.rank), least=0),
            self.number(names.local, environment.get(names.local), least=0),
            next((environment[name] for name in names.hosts if environment.get(name)), ""),
        )

    def number(self, name: str, text: str | None, *, least: int) -> int | None:
        """A whole number; None where there is none."""
        if text is None:
            return None
        number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 6 else -1
        if number >= least:
            return number
        self.complain(f"{name} expects a whole number, {least} or more, found {text!r}.", name)
        return None

    def agreed(self, name: str, given: int | None, found: int | None) -> int | None:
        """What was given, which a cluster must not contradict, else what that says."""
        if given is not None and found is not None and given != found:
            self.complain(f"{name} is {given}, but the cluster says {found}.", name, f"Leave {name} out.")
        return found if given is None else given

    def address(self, text: str) -> tuple[str, int]:
        """Host and port."""
        form = _ADDRESS.fullmatch(text)
        if form is not None and (form[3] is None or 0 < int(form[3]) < 2**16):
            return form[1] or form[2], int(form[3] or 0)
        self.complain(f"--coordinator expects HOST or HOST:PORT, found {text!r}.", "--coordinator")
        return "", 0

    def require_member(self, count: int, rank: int | None, host: str) -> None:
        """Complain unless one of several nodes knows which it is and where the first one is."""
        complained = {problem.where for problem in self.problems}
        if rank is not None and not 0 <= rank < count:
            self.complain(f"--node-rank expects 0 to {count - 1}, found {rank}.", "--node-rank")
        if count > 1 and rank is None and not complained & {_TORCHRUN.rank, _SLURM.rank}:
            self.complain(f"--nodes {count} expects --node-rank, found none.", "--node-rank")
        if count > 1 and not host and "--coordinator" not in complained:
            self.complain(f"--nodes {count} expects --coordinator, found none.", "--coordinator")
