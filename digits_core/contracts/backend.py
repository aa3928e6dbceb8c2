"""The backend contract: a graph in, a program out; everything that computes lives behind these two classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, SupportsFloat, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.graph.graph import Graph
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import SolverBase

#: Weights under their canonical names (``conv1/kernel``) and solver slots under ``solver/<slot>/<weight>``.
Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
#: What a program keeps between steps; opaque to the core. A step consumes the state it is given.
State: TypeAlias = Any
#: A batch where the program wants it; opaque to the core.
DeviceBatch: TypeAlias = Any
#: Sums over the samples of one batch, lazy: ``float(value)`` may wait for the device. Keys: see `SCORE_NAMES`.
Scores: TypeAlias = Mapping[str, SupportsFloat]

#: What every step and evaluation returns, each summed over the samples with their weights: the total weighted loss
#: (without the L2 term), top-1 hits, top-5 hits of the main output, and the weights themselves.
SCORE_NAMES = ("loss", "correct", "top5", "samples")

SLOT_PREFIX = "solver/"


def slot_name(slot: str, weight: str) -> str:
    """Canonical name of a solver slot.

    >>> slot_name("velocity", "conv1/kernel")
    'solver/velocity/conv1/kernel'
    """
    return f"{SLOT_PREFIX}{slot}/{weight}"


@dataclass(frozen=True, slots=True)
class Device:
    """Something that computes.

    Attributes:
        id: Kind and index, for example ``cpu:0`` or ``gpu:1``.
        kind: ``cpu`` or ``gpu``.
        name: What its maker calls it.
        memory_bytes: Its memory, where known.
    """

    id: str
    kind: str
    name: str
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend claims; the conformance kit tests every claim.

    Attributes:
        ops: Kinds of operations it builds.
        solvers: Names of solvers it applies.
        precisions: Number formats it computes in.
        device_kinds: Kinds of devices it drives.
        deterministic: Whether equal inputs give bit-equal results on CPU devices.
        compiles: Whether it can compile steps.
        distributed: Whether it trains on several devices.
    """

    ops: frozenset[str]
    solvers: frozenset[str]
    precisions: frozenset[str] = frozenset({"fp32"})
    device_kinds: frozenset[str] = frozenset({"cpu"})
    deterministic: bool = True
    compiles: bool = False
    distributed: bool = False


@dataclass(frozen=True, slots=True)
class ProcessLayout:
    """How many processes a job needs and which devices each one drives.

    Attributes:
        processes: For each process, the devices it drives.
    """

    processes: tuple[tuple[Device, ...], ...]


@dataclass(frozen=True, slots=True)
class BuildContext:
    """Where a program runs.

    Attributes:
        devices: Devices of this process.
        seed: Seed of the job; dropout draws from it, the step and the layer's name.
        process_index: Which of the processes this is.
        process_count: How many processes train together.
        coordinator: Address they meet at; empty for one process.
    """

    devices: tuple[Device, ...]
    seed: int = 0
    process_index: int = 0
    process_count: int = 1
    coordinator: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as the loader delivers them.

    Attributes:
        images: uint8 ``[B, H, W, C]``, RGB or gray.
        labels: int32 ``[B]``; class numbers.
        weights: float32 ``[B]``; 0 marks padding of a ragged last batch.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]


class Program(ABC):
    """One graph, solver and number format, ready to run on the devices of one process."""

    @abstractmethod
    def load(self, arrays: Arrays) -> State:
        """Make a state from canonical arrays.

        Args:
            arrays: Every weight of the graph; solver slots that are absent start at zero, unknown names are ignored.

        Raises:
            DigitsError: If a weight is missing or has another shape than the graph says.
        """

    @abstractmethod
    def save(self, state: State) -> Arrays:
        """Copy weights and solver slots out of ``state``, canonical names, shapes and number format."""

    @abstractmethod
    def place(self, batch: Batch) -> DeviceBatch:
        """Bring a batch to the devices; called ahead of time from another thread."""

    @abstractmethod
    def train_step(self, state: State, batch: DeviceBatch, learning_rate: float, step: int) -> tuple[State, Scores]:
        """Forward, backward and update once, without waiting for the result.

        Args:
            state: The state of before; not to be used again afterwards.
            batch: A placed batch of the job's batch size.
            learning_rate: The rate of this step, from the schedule.
            step: Steps done so far; Adam's bias correction and dropout depend on it.

        Returns:
            The state of after, and the scores of the forward pass before the update.
        """

    @abstractmethod
    def evaluate_step(self, state: State, batch: DeviceBatch) -> Scores:
        """Scores of a batch without training behaviour (no dropout, running statistics); ``state`` is untouched."""

    @abstractmethod
    def predict(
        self, state: State, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Activations without training behaviour.

        Args:
            state: The weights to use; untouched.
            images: uint8 ``[B, H, W, C]``, any B.
            taps: Names of layers to return besides the graph's output.

        Returns:
            For the graph's output and every tap its activation, ``[B, C, H, W]`` or ``[B, F]``.
        """

    @abstractmethod
    def close(self) -> None:
        """Release devices and threads; the program is not used afterwards."""


class Backend(ABC):
    """A framework that can train."""

    name: ClassVar[str]

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this backend claims on this machine."""

    @abstractmethod
    def devices(self) -> tuple[Device, ...]:
        """Devices it can drive here, the best first."""

    @abstractmethod
    def layout(self, devices: Sequence[Device], nodes: int = 1) -> ProcessLayout:
        """How it spreads a job over ``devices`` on each of ``nodes`` machines."""

    @abstractmethod
    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """Make a program; cheap, memory is taken by `Program.load`.

        Raises:
            CapabilityMissing: If the graph, solver or options need what is not claimed; names layer, op and backend.
        """
