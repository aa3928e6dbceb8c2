"""The backend contract: a graph in, a program out; everything that computes lives behind these two classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, SupportsFloat, TypeAlias

import numpy as np
import numpy.typing as npt

from digits_core.contracts.native import NativeArrays
from digits_core.errors import CapabilityMissing
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import Native
from digits_core.spec.job import BackendOptions
from digits_core.spec.solver import AVERAGE, SolverBase

#: Weights under their canonical names (``conv1/kernel``) and solver slots under ``solver/<slot>/<weight>``.
Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
#: What a program keeps between steps; opaque to the core. A step consumes the state it is given.
State: TypeAlias = Any
#: A batch where the program wants it; opaque to the core.
DeviceBatch: TypeAlias = Any
#: Sums over the samples of one batch, lazy: ``float(value)`` may wait for the device. Keys: see `score_names`.
Scores: TypeAlias = Mapping[str, SupportsFloat]

#: What every step and evaluation returns, each summed over the samples with their weights: the total weighted loss
#: (without the L2 term, see `Batch`), top-1 hits, top-5 hits of the main output, and the weights themselves.
SCORE_NAMES = ("loss", "correct", "top5", "samples")
#: In front of the name of a head: its own loss, without the loss's weight.
HEAD_PREFIX = "loss/"

SLOT_PREFIX = "solver/"

#: The backend that says what the arithmetic is; others are compared with it.
REFERENCE = "numpy"


def slot_name(slot: str, weight: str) -> str:
    """Canonical name of a solver slot.

    >>> slot_name("velocity", "conv1/kernel")
    'solver/velocity/conv1/kernel'
    """
    return f"{SLOT_PREFIX}{slot}/{weight}"


def score_names(graph: Graph) -> tuple[str, ...]:
    """Names of the scores of a graph: `SCORE_NAMES`, and with several heads the loss of each, ``loss/<logits>``."""
    heads = dict.fromkeys(f"{HEAD_PREFIX}{loss.logits}" for loss in graph.losses)
    return (*SCORE_NAMES, *heads) if len(heads) > 1 else SCORE_NAMES


def shown_weights(arrays: Arrays) -> Arrays:
    """The weights to use of what a program saved, without slots: the averages where they were kept.

    >>> kept = {"fc/bias": np.zeros(1), "fc/kernel": np.zeros(1), "solver/average/fc/kernel": np.ones(1)}
    >>> shown_weights(kept)
    {'fc/bias': array([0.]), 'fc/kernel': array([1.])}
    """
    weights = {name: array for name, array in arrays.items() if not name.startswith(SLOT_PREFIX)}
    return {name: arrays.get(slot_name(AVERAGE, name), weight) for name, weight in weights.items()}


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
        distributed: Whether several processes can train together.
    """

    ops: frozenset[str]
    solvers: frozenset[str]
    precisions: frozenset[str] = frozenset({"fp32"})
    device_kinds: frozenset[str] = frozenset({"cpu"})
    deterministic: bool = True
    compiles: bool = False
    distributed: bool = False


@dataclass(frozen=True, slots=True)
class BuildContext:
    """Where a program runs: on one device, alone or in step with other processes.

    Attributes:
        device: What this process computes on.
        seed: Seed of the job; dropout draws from it, the step and the layer's name.
        batch: Global batch size; 0: any, which only a process that trains alone may ask for.
        process_index: Which of the processes this is.
        addresses: Where the processes that train together listen, ``host:port`` of each by index; free ports on which
            a backend may open servers of its own. Empty: this process trains alone.
    """

    device: Device
    seed: int = 0
    batch: int = 0
    process_index: int = 0
    addresses: tuple[str, ...] = ()

    @property
    def process_count(self) -> int:
        """How many processes train together."""
        return max(1, len(self.addresses))

    @property
    def rows(self) -> range:
        """Rows of a global batch that are this process's own."""
        return share(self.batch, self.process_index, self.process_count)


def share(batch: int, index: int, count: int) -> range:
    """Rows of a batch that process ``index`` of ``count`` works on; shares differ by one row at most.

    >>> [share(100, index, 3) for index in range(3)]
    [range(0, 33), range(33, 66), range(66, 100)]
    """
    return range(index * batch // count, (index + 1) * batch // count)


def parts(rows: int, count: int) -> tuple[slice, ...]:
    """The parts that ``rows`` rows are worked through in (`BackendOptions.accumulate`); none is empty.

    >>> parts(7, 3)
    (slice(0, 2, None), slice(2, 4, None), slice(4, 7, None))
    """
    count = max(1, min(rows, count))
    return tuple(slice(part.start, part.stop) for part in (share(rows, index, count) for index in range(count)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as the loader delivers them: a whole batch, or one process's share of it.

    The loss of row i, for every loss of the graph, is::

        weights_i · importance_i · (share_i · xent(labels_i) + (1 − share_i) · xent(second_i))

    The mean divides the sum by Σ weights, whatever the importance. Hits count against ``labels``, with ``weights``.

    Attributes:
        images: uint8 ``[B, H, W, C]``, RGB or gray.
        labels: int32 ``[B]``; class numbers.
        weights: float32 ``[B]``; 0 marks padding of a ragged last batch.
        second: int32 ``[B]``; a second target of each row. None: there is none, and ``share`` is None too.
        share: float32 ``[B]``; what ``labels`` has of the target, from 0 to 1.
        importance: float32 ``[B]``; factor of the row's loss. None: 1.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    second: npt.NDArray[np.int32] | None = None
    share: npt.NDArray[np.float32] | None = None
    importance: npt.NDArray[np.float32] | None = None

    def part(self, rows: slice) -> Batch:
        """Some of its rows; views."""
        return Batch(
            self.images[rows],
            self.labels[rows],
            self.weights[rows],
            None if self.second is None else self.second[rows],
            None if self.share is None else self.share[rows],
            None if self.importance is None else self.importance[rows],
        )


class Program(ABC):
    """One graph, solver and number format, ready to run on the device of one process.

    Weights that are not trained (`Parameter.trainable`) are changed by no step, have no slots and no gradients, but for
    the running statistics of a batch norm that is not frozen. Where the solver keeps a moving average
    (`SolverBase.average`) every step moves it after the update, and `evaluate_step` and `predict` use it in place of
    the weights it is of.

    Where several processes train together (`BuildContext.addresses`) each holds all weights and is given its own
    `BuildContext.rows` of every batch. All of them call `load` once, and `train_step` and `total` in the same order; in
    `train_step` gradients are summed over all of them before the update, and the training statistics of batch norm are
    those of the global batch, so that every process arrives at the same weights. The other methods are each process's
    own business. Every weight of a training batch is then 1, and each process works through its share in
    `BackendOptions.accumulate` parts, or in as many as the smallest share has rows.

    Which optional fields a batch has is the same in every training batch of a job, and in every evaluation batch, so
    that a program that compiles does so once for each.

    Attributes:
        compilation: What is compiled of a step, and why: a sentence or two for people.
    """

    compilation: str = ""

    @abstractmethod
    def load(self, arrays: Arrays) -> State:
        """Make a state from canonical arrays.

        Args:
            arrays: Every weight of the graph; solver slots that are absent start at zero, averages at their weight,
                unknown names are ignored.

        Raises:
            DigitsError: If a weight is missing or has another shape than the graph says.
        """

    @abstractmethod
    def save(self, state: State) -> Arrays:
        """Copy weights, solver slots and averages out of ``state``, canonical names, shapes and number format."""

    @abstractmethod
    def place(self, batch: Batch) -> DeviceBatch:
        """Bring a batch to the devices; called ahead of time from another thread."""

    @abstractmethod
    def train_step(self, state: State, batch: DeviceBatch, learning_rate: float, step: int) -> tuple[State, Scores]:
        """Forward, backward and update once, without waiting for the result.

        Args:
            state: The state of before; not to be used again afterwards.
            batch: A placed batch of the job's batch size, or this process's share of it.
            learning_rate: The rate of this step, from the schedule.
            step: Steps done so far; Adam's bias correction and dropout depend on it.

        Returns:
            The state of after, and the scores of this process's rows in the forward pass before the update.
        """

    @abstractmethod
    def evaluate_step(self, state: State, batch: DeviceBatch) -> Scores:
        """Scores of a batch without training behaviour (no dropout, running statistics); ``state`` is untouched."""

    @abstractmethod
    def predict(
        self, state: State, images: npt.NDArray[np.uint8], taps: Sequence[str] = ()
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """Activations without training behaviour.

        Args:
            state: The weights to use; untouched.
            images: uint8 ``[B, H, W, C]``, any B.
            taps: Names of layers to return besides the graph's output.

        Returns:
            For the graph's output and every tap its activation, ``[B, C, H, W]`` or ``[B, F]``: float64 where the
            precision is fp64, else float32.
        """

    def gradients(
        self, state: State, images: npt.NDArray[np.uint8], classes: npt.NDArray[np.int32], taps: Sequence[str]
    ) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """How one logit of every picture follows from activations, without training behaviour.

        For row b of tap a: ``∂ logits[b, classes[b]] / ∂ a[b]``.

        Args:
            state: The weights to use; untouched.
            images: uint8 ``[B, H, W, C]``, any B.
            classes: int32 ``[B]``; which logit of each picture.
            taps: Names of layers that the graph's output depends on.

        Returns:
            For every tap an array of the shape and number format that `predict` gives it.

        Raises:
            CapabilityMissing: If this backend does not tell.
        """
        raise CapabilityMissing(
            "This backend does not tell gradients of activations.",
            where="backend",
            hint="Use another backend, or --saliency occlusion, which needs none.",
        )

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of ``values`` over the processes that train together, equal in each; waits for all of them.

        Args:
            values: Any shape, the same in every process.
        """
        return values

    @abstractmethod
    def close(self) -> None:
        """Release devices, connections and threads; the program is not used afterwards."""


class Backend(ABC):
    """A framework that can train; a job on several devices runs one process per device."""

    name: ClassVar[str]

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this backend claims on this machine."""

    @abstractmethod
    def devices(self) -> tuple[Device, ...]:
        """Devices it can drive here, the best first."""

    @abstractmethod
    def build(self, graph: Graph, solver: SolverBase, options: BackendOptions, context: BuildContext) -> Program:
        """Make a program; cheap, memory is taken by `Program.load`.

        Raises:
            CapabilityMissing: If the graph, solver or options need what is not claimed; names layer, op and backend.
        """

    def native_arrays(self, network: Native, input: NetworkInput, seed: int) -> NativeArrays:
        """The arrays of a native network as its framework starts them, after a trial with two pictures.

        Args:
            network: The file; running it runs code that a person has named.
            input: What the dataset says.
            seed: What the framework's own random numbers are to follow.

        Raises:
            CapabilityMissing: If this backend takes no native networks.
            NetworkInvalid: If the file gives no module of its framework, or that gives no logits; with the line.
        """
        raise CapabilityMissing(
            f"Backend {self.name} takes no native networks, found {network.file}.",
            where="backend",
            hint="Train it in a backend that does (--backend torch), or write the network as YAML.",
        )
