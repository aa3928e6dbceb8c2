"""The facts of a job's life; each is frozen, past tense, and one line of JSON in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias, get_args


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A worker began a run: the first, or one that resumes."""

    kind: ClassVar = "run-started"
    run: int
    backend: str
    devices: tuple[str, ...]
    step: int
    total_steps: int
    steps_per_epoch: int


@dataclass(frozen=True, slots=True)
class ProgramBuilt:
    """The network is ready to be computed; ``compilation`` says what is compiled of it, and why."""

    kind: ClassVar = "program-built"
    compilation: str


@dataclass(frozen=True, slots=True)
class TrainingLogged:
    """Training progress: means since the last such fact.

    ``losses`` are those of the single steps it covers, the last one being of step number ``step``. With several heads
    ``heads`` has the loss of each, without its weight.
    """

    kind: ClassVar = "training-logged"
    step: int
    epoch: float
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    losses: tuple[float, ...] = ()
    heads: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validated:
    """The validation split was scored as a whole; ``heads`` is as in `TrainingLogged`."""

    kind: ClassVar = "validated"
    step: int
    epoch: float
    loss: float
    accuracy: float
    top5: float
    heads: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotSaved:
    """A snapshot is complete on disk."""

    kind: ClassVar = "snapshot-saved"
    step: int
    epoch: float
    name: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """Work that trains nothing has come this far; ``step`` counts pictures.

    Where another part of the work begins, ``doing`` names it and ``total`` says how many there are in it; 0: as before,
    or nobody can say.
    """

    kind: ClassVar = "progressed"
    step: int
    total: int = 0
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something a person should know, and that does not stop the job."""

    kind: ClassVar = "noted"
    message: str


@dataclass(frozen=True, slots=True)
class RunPaused:
    """The run stopped on request, with a snapshot."""

    kind: ClassVar = "run-paused"
    step: int
    run: int = 0


@dataclass(frozen=True, slots=True)
class RunFinished:
    """Training reached its end, or stopped early as asked."""

    kind: ClassVar = "run-finished"
    step: int
    reason: str
    images_per_second: float
    first_step_s: float
    run: int = 0


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run could not go on."""

    kind: ClassVar = "run-failed"
    step: int
    message: str
    hint: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    run: int = 0


@dataclass(frozen=True, slots=True)
class RunAborted:
    """A person stopped the job for good."""

    kind: ClassVar = "run-aborted"
    step: int
    run: int = 0


@dataclass(frozen=True, slots=True)
class DeviceUsage:
    """What one device was busy with; what nobody tells is None.

    Attributes:
        id: The device.
        utilization_percent: Share of its time that it worked, since the sample before.
        memory_used_bytes: Memory in use, by whomever; for a CPU device the machine's.
        temperature_c: Degrees Celsius.
        power_w: Watts.
    """

    id: str
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a run's devices and processes were busy with; lines of `usage.jsonl`, not of the journal.

    Each of ``devices`` has ``id``, ``utilization_percent``, ``memory_used_bytes``, ``temperature_c`` and ``power_w``,
    null where it is not known. The rest is of the run's processes together: 100 ``cpu_percent`` are one core, null in
    the first sample, and resident memory that processes share is counted once for each.
    """

    kind: ClassVar = "sampled"
    devices: tuple[DeviceUsage, ...] = field(metadata={"item": DeviceUsage})
    processes: int
    cpu_percent: float | None
    memory_bytes: int


#: What a run says at its end; its ``run`` is the number of the run.
LastWord: TypeAlias = RunPaused | RunFinished | RunFailed | RunAborted
Fact: TypeAlias = (
    RunStarted
    | ProgramBuilt
    | TrainingLogged
    | Validated
    | SnapshotSaved
    | Progressed
    | Noted
    | RunPaused
    | RunFinished
    | RunFailed
    | RunAborted
    | Sampled
)
FACTS: dict[str, type[Fact]] = {fact.kind: fact for fact in get_args(Fact)}


def last_word(facts: Iterable[Fact], run: int) -> LastWord | None:
    """How run number ``run`` ended; None where it has not, or could not say."""
    words = [fact for fact in facts if isinstance(fact, LastWord) and fact.run == run]
    return words[-1] if words else None
