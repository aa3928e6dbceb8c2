"""Processes that train together: sums over all of them, over gRPC between processors and NCCL between GPUs.

`tf.distribute.MultiWorkerMirroredStrategy` starts the servers and watches that every process is alive; of the rest of
it nothing is used. Each process has plain variables of its own and keeps them equal to those of the others by itself:
a collective is identified by a number, and every process numbers them in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from digits_core.contracts.backend import BuildContext
from digits_core.errors import CapabilityMissing
from digits_tensorflow.devices import native_name
from digits_tensorflow.framework import tf

#: Collectives of one kind of device make a group; these are TensorFlow's numbers for the groups.
HOST_GROUP, DEVICE_GROUP = 1, 2
#: Pieces that gRPC sends at a time while others are being added up; four take half the time of one from 10 MB on.
PIECES = 4


@cache
def _connect(addresses: tuple[str, ...], index: int) -> Any:
    """Start this process's server and wait for the others; once per process, TensorFlow cannot stop it.

    Raises:
        CapabilityMissing: If TensorFlow has computed something in this process already.
    """
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(addresses)}),
        task_type="worker",
        task_id=index,
        num_accelerators={"GPU": 0},  # devices of the strategy, which computes nothing
        rpc_layer="grpc",
    )
    try:
        if _connect.cache_info().currsize:
            raise ValueError("it has joined others before")
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except (RuntimeError, ValueError) as error:
        raise CapabilityMissing(
            f"TensorFlow joins {len(addresses)} processes before it computes anything, and once: {error}",
            hint="Train in a process of its own.",
        ) from error


class Team:
    """The processes that train together, seen from one of them.

    Args:
        context: Addresses, and the device that sums are made on.

    Raises:
        CapabilityMissing: If TensorFlow has computed something in this process already.
    """

    def __init__(self, context: BuildContext) -> None:
        self._strategy = _connect(context.addresses, context.process_index)
        self.index, self.count = context.process_index, context.process_count
        self._hint, self._order = "ring", []
        if context.device.kind == "gpu":  # NCCL hangs where two processes take collectives in different orders
            with tf.device(native_name(context.device)):
                self._token = tf.Variable(0.0, trainable=False)
            self._hint, self._order = "nccl", [self._token.handle]
        self._totals: dict[tuple[int, ...], int] = {}

    def sum(self, values: tf.Tensor, key: int) -> tf.Tensor:
        """The sum over all processes, on the device.

        Args:
            values: Of one shape and type in all processes.
            key: Number of this collective, see `new_key`.
        """
        return self._reduce(values, key, DEVICE_GROUP, self._hint, self._order)

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The same for arrays, on processors."""
        key = self._totals.get(values.shape) or self._totals.setdefault(values.shape, new_key())
        with tf.device("/CPU:0"):
            return self._reduce(tf.constant(values), key, HOST_GROUP, "ring", []).numpy()

    def _reduce(self, values: tf.Tensor, key: int, group: int, hint: str, order: list[tf.Tensor]) -> tf.Tensor:
        return tf.raw_ops.CollectiveReduceV2(
            input=values,
            group_size=self.count,
            group_key=group,
            instance_key=key,
            ordering_token=order,
            merge_op="Add",
            final_op="Id",
            communication_hint=hint,
            max_subdivs_per_device=PIECES,
        )


@dataclass(frozen=True, slots=True)
class Gathering:
    """One place in a network where all processes bring their values together.

    Attributes:
        team: The processes.
        forward: Number of the collective forward.
        backward: Number of the one that brings gradients back.
    """

    team: Team
    forward: int
    backward: int

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """``[P, N]``, a row of each process; ``values`` is ``[N]``. The gradient is that of the sum of all losses."""
        index, count = self.team.index, self.team.count

        @tf.custom_gradient
        def gathered(own: tf.Tensor) -> tuple[tf.Tensor, Any]:
            rows = self.team.sum(tf.pad(own[None], [[index, count - 1 - index], [0, 0]]), self.forward)
            return rows, lambda gradient: self.team.sum(gradient, self.backward)[index]

        return gathered(values)


_keys = iter(range(1, 2**31))


def new_key() -> int:
    """A number for one more collective."""
    return next(_keys)
