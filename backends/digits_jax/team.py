"""Processes that train together, one device each, through JAX's distributed runtime.

JAX decides when its clients start whether it is alone, and a backend is asked for its devices before anybody knows of a
team. So `join` throws away clients that have started: a process joins before it computes anything.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import jax
import numpy as np
import numpy.typing as npt
from jax import lax
from jax._src import distributed  # leaving without waiting for the others has no public name
from jax.extend.backend import clear_backends
from jax.flatten_util import ravel_pytree
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from digits_core.contracts.backend import BuildContext

Tree = TypeVar("Tree")
Specs: TypeAlias = PartitionSpec | tuple[PartitionSpec, ...]
CompilerOptions: TypeAlias = dict[str, bool] | None

#: The one axis of the mesh: along it lie the processes.
AXIS = "data"
REPLICATED, SHARDED = PartitionSpec(), PartitionSpec(AXIS)

#: Seconds for all processes to find each other; importing frameworks on a busy machine takes long.
MEETING_S = 300
#: Seconds without a sign of life after which a process counts as dead. A closed connection is noticed at once.
HEARTBEAT_S = 60
#: Seconds that one who has finished waits for the others, which may be writing a snapshot.
LEAVING_S = 600


class Team:
    """This process among those that train together; made by `join`.

    Attributes:
        device: What this process computes on.
        mesh: The devices of all processes, in their order.
    """

    def __init__(self, context: BuildContext) -> None:
        kind = context.device.kind
        self.device = jax.local_devices(backend=kind)[0]
        firsts = {device.process_index: device for device in reversed(jax.devices(kind))}
        self.mesh = Mesh(np.array([firsts[index] for index in range(context.process_count)]), (AXIS,))
        self._sum = self.over_all(lambda own: lax.psum(own[0], AXIS), (SHARDED,), REPLICATED)

    def over_all(
        self,
        function: Callable[..., Any],
        inputs: Specs,
        outputs: Specs,
        donated: tuple[int, ...] = (),
        compiler_options: CompilerOptions = None,
    ) -> Callable[..., Any]:
        """``function``, compiled to run in all processes at once, each with its own shard.

        Args:
            function: Sees arrays of this process and may speak to the others along `AXIS`.
            inputs: Which arguments are `SHARDED` and which `REPLICATED`.
            outputs: The same for what it returns.
            donated: Arguments whose memory it may use.
            compiler_options: What XLA is told.
        """
        # Without JAX's own check of what is replicated, which would sum gradients one weight at a time.
        joined = jax.shard_map(function, mesh=self.mesh, in_specs=inputs, out_specs=outputs, check_vma=False)
        return jax.jit(joined, donate_argnums=donated, compiler_options=compiler_options)

    def replicated(self, tree: Tree) -> Tree:
        """Arrays that every process has alike, as arrays of the whole team."""
        return jax.tree.map(lambda own: self._joined(own, own.shape, REPLICATED), tree)

    def sharded(self, tree: Tree) -> Tree:
        """Arrays of this process as its shards, along the first axis, of arrays of the whole team."""
        return jax.tree.map(lambda own: self._joined(own, (self.mesh.size * len(own), *own.shape[1:]), SHARDED), tree)

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of ``values`` over all processes; waits for all of them."""
        with jax.enable_x64(True):
            own = jax.device_put(np.array(values, np.float64)[None], self.device)
            return np.array(self._sum(self.sharded(own)).addressable_data(0))

    def leave(self) -> None:
        """Wait until all have finished; one that fails leaves at once, and its closed connections tell the others."""
        if sys.exception() is None:
            jax.distributed.shutdown()
        _forget()
        clear_backends()

    def _joined(self, own: jax.Array, shape: tuple[int, ...], spec: PartitionSpec) -> jax.Array:
        return jax.make_array_from_single_device_arrays(shape, NamedSharding(self.mesh, spec), [own])


def join(context: BuildContext) -> Team:
    """Meet the other processes; each has one device of the same kind.

    Raises:
        RuntimeError: If this process is in a team already.
    """
    if jax.distributed.is_initialized():
        raise RuntimeError("This process trains in a team already; close that program first.")
    clear_backends()
    gc.collect()  # clients that still lie in reference cycles would keep their memory
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.config.update("jax_enable_preemption_service", False)  # it takes the signals of the process
    kind, _, index = context.device.id.partition(":")
    jax.distributed.initialize(
        coordinator_address=context.addresses[0],
        num_processes=context.process_count,
        process_id=context.process_index,
        local_device_ids=[int(index)] if kind == "gpu" else None,
        cluster_detection_method="deactivate",
        initialization_timeout=MEETING_S,
        heartbeat_timeout_seconds=HEARTBEAT_S,
        shutdown_timeout_seconds=LEAVING_S,
    )
    atexit.register(_forget)  # before JAX's own, which would wait for the others
    return Team(context)


def _forget() -> None:
    """Keep JAX from waiting, when the interpreter ends, for others that may wait for this process."""
    state = distributed.global_state
    for connection in filter(None, (state.client, state.service)):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))  # its destructor would wait too
    state.client = state.service = None
    state.process_id, state.num_processes = 0, 1


def own_shard(tree: Tree) -> Tree:
    """What this process holds of arrays of the team."""
    return jax.tree.map(lambda array: array.addressable_data(0), tree)


def sum_over_team(tree: Tree) -> Tree:
    """The sum over all processes in one exchange, while a function is traced.

    One long array instead of one per weight: an exchange costs as much time to begin as a megabyte takes to travel.
    """
    flat, restored = ravel_pytree(tree)
    return restored(lax.psum(flat, AXIS))


class OwnScore:
    """A score of this process's rows; lazy.

    Args:
        shards: One number per process, ``[process]``.
    """

    def __init__(self, shards: jax.Array) -> None:
        self._shards = shards

    def __float__(self) -> float:
        return float(np.asarray(self._shards.addressable_data(0))[0])
