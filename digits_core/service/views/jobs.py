"""Read models of jobs: where they stand, what they found."""

from __future__ import annotations

from digits_core.service.views.evaluation import TOP
from digits_core.service.views.view import ErrorView, View


class SnapshotView(View):
    """A snapshot of a job."""

    name: str
    """Name of its folder; a model is ``JOB@NAME``."""
    epoch: float
    """Epochs done."""
    step: int
    """Steps done."""
    metrics: dict[str, float]
    """What was measured at that step."""


class DeviceUsageView(View):
    """What a device was busy with; what nobody tells is absent."""

    id: str
    """The device."""
    utilization_percent: float | None = None
    """Share of its time that it worked."""
    memory_used_bytes: int | None = None
    """Memory in use, by whomever; for a CPU device the machine's."""
    temperature_c: float | None = None
    """Degrees Celsius."""
    power_w: float | None = None
    """Watts."""


class UsageView(View):
    """What a running job was busy with, a second ago."""

    processes: int
    """How many processes it has."""
    cpu_percent: float | None = None
    """Processor time of all of them; 100 are one core."""
    memory_bytes: int
    """Resident memory of all of them."""
    devices: tuple[DeviceUsageView, ...]
    """Its devices."""


class HeadView(View):
    """A layer with a row for every class, put together anew because the classes are others."""

    layer: str
    """Its name."""
    kept: tuple[str, ...]
    """Classes that keep the row that they had."""
    new: tuple[str, ...]
    """Classes whose rows start as those of a new network do."""
    dropped: tuple[str, ...]
    """Classes of the model that the dataset does not have."""


class StartView(View):
    """Where the weights that a job starts with are from."""

    model: str
    """The model: a snapshot of a job, an imported model or a file."""
    loaded: tuple[str, ...]
    """Weights that were taken as they are."""
    heads: tuple[HeadView, ...]
    """Layers whose rows were taken by the names of their classes."""
    initialised: dict[str, str]
    """Weights of the network that start as those of a new one do, and why."""
    skipped: dict[str, str]
    """Weights of the model that were not used, and why."""
    notes: tuple[str, ...]
    """What a person should know."""


class TrackerView(View):
    """Another system that is told what happens in a job."""

    name: str
    """Name of the tracker."""
    where: str
    """A folder or an address, where to find what it was told; empty: it has not begun."""


class RateView(View):
    """A learning-rate curve, and the rate that was taken from it."""

    rate: float
    """A tenth of ``lowest``: what the job trains with."""
    lowest: float
    """The rate at which the smoothed loss was lowest."""
    steepest: float
    """The rate at which it fell fastest."""
    batch: int
    """Pictures per step."""
    seconds: float
    """How long it took."""
    rates: tuple[float, ...]
    """Every rate that was tried, one step each."""
    losses: tuple[float, ...]
    """The loss of each of these steps."""
    smoothed: tuple[float, ...]
    """The same, averaged over neighbours."""


class JobView(View):
    """A job as it stands."""

    kind: str = "train"
    """``train``, ``dataset`` (one is made), ``version`` (of one), ``evaluation`` (a model is scored), ``export``,
    ``classification``, ``top`` (pictures that classes score highest are looked for), ``errors`` (doubtful ones),
    ``similar`` (those like another one) or ``rate`` (a learning rate is looked for)."""
    job: str
    """Its id."""
    name: str
    """Its name."""
    description: str = ""
    """What people say about it."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    owner: str = ""
    """Name of the person whose it is; empty: nobody's in particular."""
    state: str
    """Where it stands."""
    priority: int = 0
    """Higher ones are started first."""
    queue_position: int | None = None
    """Its place in the queue, from 1, while it waits."""
    waits_for: str | None = None
    """What it waits for, in words."""
    backend: str
    """Backend of its present or last run."""
    devices: tuple[str, ...]
    """Devices of that run; those of other machines than the first as ``node1/gpu:0``."""
    nodes: int = 1
    """Machines that train together."""
    network: str
    """Name of the network, and ``(custom)`` where a file or text told it; of a job that uses a model that model, of one
    that makes a dataset nothing."""
    dataset: str
    """Name of the dataset; empty where it needs none."""
    dataset_version: str = ""
    """Which version of it."""
    asked: str = ""
    """What else a job that trains nothing was asked for, in words: ``onnx, fp32``."""
    doing: str = ""
    """What a job that trains nothing does now, in words, where that is told."""
    created: str
    """Moment of the request, ISO 8601 in UTC."""
    runs: int
    """How many runs were started."""
    epoch: float
    """Epochs done."""
    epochs: float
    """Epochs asked for; the others work through their pictures once."""
    step: int
    """Steps done; of a job that trains nothing, pictures."""
    total_steps: int | None = None
    """Steps in all, once a run has started; nothing where nobody knows."""
    metrics: dict[str, float]
    """The newest values, for example ``val/accuracy``."""
    best: SnapshotView | None = None
    """The best snapshot, by validation accuracy."""
    learning_rate: float | None = None
    """The rate of the last step that was logged."""
    images_per_second: float | None = None
    """Training speed: of the whole run once it is finished, else the newest."""
    first_step_s: float | None = None
    """Seconds from the start of the run to the end of its first step, once finished."""
    seconds_left: float | None = None
    """An estimate, while it runs."""
    compilation: str = ""
    """What the backend compiles of a step, and why."""
    usage: UsageView | None = None
    """What it is busy with, while it runs."""
    snapshots: tuple[SnapshotView, ...]
    """What can be resumed from and classified with, oldest first."""
    notes: tuple[str, ...] = ()
    """What a person should know about its last run."""
    start: StartView | None = None
    """What it starts from, if that is a model; not told in lists."""
    classes: int | None = None
    """Classes that it tells apart; nothing where it trains nothing, or they are not known yet."""
    rate_curve: RateView | None = None
    """How its learning rate was found, where it was; not in lists of jobs."""
    trackers: tuple[TrackerView, ...] = ()
    """Who else is told what happens; not in lists of jobs."""
    error: ErrorView | None = None
    """Why it failed."""

    def tells(self, metric: str) -> bool:
        """Whether a metric says something: of five classes or fewer each is among the first five guesses."""
        return self.classes is None or self.classes > TOP or not metric.endswith("top5")
