"""Processes that train together: where they meet, and sums over all of them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor

from digits_core.contracts.backend import BuildContext
from digits_core.errors import JobFailed

#: How long one waits for the others. A process that dies closes its connections, which is noticed at once; this is for
#: one that compiles, writes a snapshot or is stopped.
PATIENCE = timedelta(minutes=10)


class Pending(Protocol):
    """A sum under way."""

    def wait(self) -> bool:
        """Until it is there."""


class Team:
    """The connections of one process to all others: gloo between processors, NCCL between GPUs.

    Nothing of it is global in torch: programs of their own teams can live side by side.

    Args:
        context: Which process this is, and where all of them are; the first one's address is where they meet.
        device: Where tensors are that are summed.

    Attributes:
        close: Disconnects; happens by itself at the end of the program or of this object.

    Raises:
        JobFailed: If the others cannot be reached.
    """

    def __init__(self, context: BuildContext, device: torch.device) -> None:
        self._index, self._count = context.process_index, context.process_count
        with self._watched():
            store = _meet(context)
            self._groups = [self._gloo(store, _split(context.addresses[self._index])[0])]
            if device.type != "cpu":
                self._groups.append(self._nccl(store))
        # Threads of theirs hold tensors, and must have let go of them before the interpreter ends, or it is aborted.
        self.close = weakref.finalize(self, _disconnect, self._groups)

    def start_sum(self, tensor: Tensor) -> Pending:
        """Begin to replace ``tensor`` by its sum over all processes; the same bits everywhere."""
        with self._watched():
            pending: Pending = self._groups[-1].allreduce([tensor])
        return pending

    def finish(self, pending: Pending) -> None:
        """Wait for what was begun; where the tensor is on a GPU only the device waits."""
        with self._watched():
            pending.wait()

    def sum(self, tensor: Tensor) -> Tensor:
        """Replace ``tensor`` by its sum over all processes."""
        self.finish(self.start_sum(tensor))
        return tensor

    def gather(self, vector: Tensor) -> Tensor:
        """The vectors of all processes, ``[processes, n]``."""
        gathered = vector.new_empty(self._count, len(vector))
        with self._watched():
            self._groups[-1].allgather([list(gathered.unbind())], [vector]).wait()
        return gathered

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of ``values`` over all processes; waits for them."""
        summed = np.array(values, np.float64)
        with self._watched():
            self._groups[0].allreduce([torch.from_numpy(summed)]).wait()
        return summed

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Say in words that others are gone."""
        try:
            yield
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            raise JobFailed(
                f"Process {self._index} of {self._count} lost the others, torch says: {reason}",
                hint="Look for the first error among their messages.",
            ) from error

    def _gloo(self, store: dist.Store, host: str) -> Any:
        options = dist.ProcessGroupGloo._Options()
        # The host's name alone often leads to its loopback, where other machines are not.
        options._devices = [dist.ProcessGroupGloo.create_device(hostname=host)]
        options._timeout = PATIENCE
        return dist.ProcessGroupGloo(dist.PrefixStore("gloo", store), self._index, self._count, options)

    def _nccl(self, store: dist.Store) -> Any:
        options = dist.ProcessGroupNCCL.Options()
        options._timeout = PATIENCE
        return dist.ProcessGroupNCCL(dist.PrefixStore("nccl", store), self._index, self._count, options)


def can_meet() -> bool:
    """Whether this torch was built with what teams need."""
    return dist.is_available() and dist.is_gloo_available()


def _disconnect(groups: list[Any]) -> None:
    for gpus in groups[1:]:
        gpus.shutdown()
    groups.clear()


def _meet(context: BuildContext) -> dist.Store:
    host, port = _split(context.addresses[0])
    return dist.TCPStore(host, port, context.process_count, context.process_index == 0, PATIENCE)


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
