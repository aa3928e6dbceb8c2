"""Read models: what the service tells, frozen; their plain form is the JSON that commands print."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from digits_core.errors import DigitsError, Problem


class View(BaseModel):
    """A frozen answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is unknown is left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_json(self) -> str:
        """The same as text on one line."""
        return self.model_dump_json(exclude_none=True)


class ErrorView(View):
    """What went wrong and what to do."""

    message: str
    """Who, expected, found, where."""
    hint: str = ""
    """What to do."""
    exit_status: int | None = None
    """2 where the request was wrong, 1 where the job failed; nothing where others go on."""
    problems: tuple[dict[str, str], ...] | None = None
    """Each problem with its message, place and hint."""

    @classmethod
    def of(cls, error: DigitsError) -> ErrorView:
        """The view of an error."""
        problems = tuple(problem_dict(problem) for problem in error.problems)
        message = "\n".join(str(Problem(problem.message, problem.where)) for problem in error.problems)
        return cls(message=message, hint=error.hint, exit_status=error.exit_status, problems=problems)


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
    """``train``, ``dataset`` (one is made) or ``evaluation`` (a model is scored)."""
    job: str
    """Its id."""
    name: str
    """Its name."""
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
    """Name of the network; of an evaluation the model, of a dataset's creation nothing."""
    dataset: str
    """Name of the dataset."""
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
    """Steps in all, once a run has started."""
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
    rate_curve: RateView | None = None
    """How its learning rate was found, where it was; not in lists of jobs."""
    error: ErrorView | None = None
    """Why it failed."""


class ClassScoresView(View):
    """How well a model does on one class; what divides by nothing is 0."""

    label: str
    """Name of the class."""
    precision: float
    """Share of the pictures taken for it that are of it."""
    recall: float
    """Share of its pictures that are taken for it."""
    f1: float
    """Harmonic mean of the two."""
    support: int
    """Its pictures."""


class EvaluationView(View):
    """How well a model does on pictures whose classes are known."""

    job: str
    """The job that found it out."""
    model: str
    """The snapshot that was scored."""
    dataset: str
    """Whose pictures."""
    split: str
    """Which of them."""
    backend: str
    """The backend that computed."""
    samples: int
    """Pictures that were scored."""
    unknown: int
    """Pictures that were not, since the model does not know their class."""
    loss: float
    """Mean softmax cross-entropy of the output."""
    accuracy: float
    """Share of pictures whose class is the first guess."""
    top5: float
    """Share of those whose class is among the first five."""
    labels: tuple[str, ...]
    """Names of the model's classes."""
    confusion: tuple[tuple[int, ...], ...]
    """For each true class how many pictures were taken for each class."""
    per_class: tuple[ClassScoresView, ...]
    """For each class how well it does."""


class ModelView(View):
    """An imported model."""

    name: str
    """What users write."""
    created: str
    """Moment of the import, ISO 8601 in UTC."""
    importer: str
    """Who read it."""
    files: tuple[str, ...]
    """Names of the files that it was read from."""
    network: str
    """Name of its network."""
    parameters: int
    """Trainable elements."""
    classes: int
    """Logits of its output."""
    labels: tuple[str, ...]
    """Names of the classes, by number; none: nobody said."""
    input: tuple[int, int, int]
    """Height, width and channels that the network takes."""
    picture: tuple[int, int, int]
    """Height, width and channels that pictures are brought to; the middle is cut out of larger ones."""
    resize: str
    """How a picture of another shape is brought to size."""
    mean: str
    """What is subtracted: none, pixel or image."""
    size_bytes: int
    """Size of the weights' file."""
    notes: tuple[str, ...]
    """What a person should know."""


class LayerView(View):
    """A layer of a network."""

    name: str
    """Its name."""
    op: str
    """Kind of operation."""
    inputs: tuple[str, ...]
    """Layers it takes."""
    output: tuple[int, ...]
    """Its shape, without the batch."""
    parameters: int
    """Trainable elements."""
    flops: int
    """Floating point operations per picture, forward."""


class MemoryView(View):
    """What training is estimated to keep on one device, in bytes."""

    weights: int
    """Every weight."""
    slots: int
    """What the solver keeps."""
    gradients: int
    """One for each trained weight."""
    activations: int
    """What the backward pass needs again."""
    total: int
    """All of it, without the framework."""


class ParamView(View):
    """A param of a network family."""

    name: str
    """What users write: ``NETWORK:name=value``."""
    value: Any
    """Its value."""
    description: str
    """What it means."""


class RecipeView(View):
    """How a network is usually trained."""

    size: int
    """Shorter side of the pictures of a dataset."""
    crop: int | None
    """Side of the square that is cut out of them."""
    mirror: bool
    """Whether pictures are mirrored left to right at random."""
    batch: int
    """Pictures per step."""
    solver: str
    """How weights are updated."""
    rate: float
    """Base learning rate for that batch."""


class FamilyAdvice(View):
    """What a family says of its network."""

    params: tuple[ParamView, ...]
    """What can be set."""
    recipe: RecipeView
    """How it is usually trained."""


class NetworkView(View):
    """A network with every shape known."""

    name: str
    """Its name."""
    parameters: int
    """Trainable elements."""
    flops: int
    """Floating point operations per picture, forward."""
    classes: int
    """Logits of its output."""
    layers: tuple[LayerView, ...]
    """In computing order."""
    memory_bytes: MemoryView
    """What training takes at batch 64 with sgd in fp32."""
    family: FamilyAdvice | None = None
    """What its family says; nothing for a file."""


class ImportedNetworkView(View):
    """A network of another system as a network file of ours."""

    name: str
    """Its name."""
    parameters: int
    """Trainable elements, with the classes that it had."""
    layers: int
    """Number of layers, the input among them."""
    text: str
    """The network file, YAML."""
    notes: tuple[str, ...] = ()
    """What a person should know, each a sentence."""


class FamilyView(View):
    """A network that can be named."""

    name: str
    """What users write."""
    summary: str
    """One sentence."""
    plugin: str
    """The plugin that brings it."""


class PluginView(View):
    """One thing that a plugin brings."""

    kind: str
    """For example ``backend``."""
    name: str
    """What users write."""
    plugin: str
    """The plugin that brings it."""
    summary: str
    """One sentence."""
    available: bool
    """Whether it can be used here."""
    missing: tuple[str, ...] = ()
    """Packages it needs and that are not installed."""
    remedy: str = ""
    """How to make it available."""
    interpreter: str | None = None
    """The Python that its jobs run in, where settings name one."""


class BrokenView(View):
    """A plugin that could not be loaded."""

    plugin: str
    """Name of its entry point."""
    distribution: str
    """What brought it."""
    reason: str
    """What went wrong."""
    remedy: str
    """What to do."""


class PluginsView(View):
    """Everything that plugins bring."""

    plugins: tuple[PluginView, ...]
    """Every declaration."""
    broken: tuple[BrokenView, ...]
    """Plugins that could not be loaded."""


class DeviceView(View):
    """Something that computes."""

    id: str
    """Kind and index."""
    kind: str
    """``cpu`` or ``gpu``."""
    name: str
    """What its maker calls it."""
    memory_total_bytes: int | None = None
    """Its memory, for a CPU device the machine's; here and below nothing where it is not known."""
    memory_used_bytes: int | None = None
    """How much of it is in use, by whomever."""
    utilization_percent: float | None = None
    """Share of its time that it works."""
    temperature_c: float | None = None
    """Degrees Celsius."""
    power_w: float | None = None
    """Watts."""
    lease: str | None = None
    """Id of the job that holds it."""


class CheckView(View):
    """One thing that the doctor looked at."""

    name: str
    """What was looked at."""
    passed: bool
    """Whether it is well."""
    found: str
    """What was found."""
    remedy: str = ""
    """What to do where it is not."""


class DoctorView(View):
    """How this installation is."""

    version: str
    """Version of DIGITS."""
    home: str
    """Where datasets and jobs are."""
    passed: bool
    """Whether everything needed is well."""
    checks: tuple[CheckView, ...]
    """What was looked at."""
    plugins: PluginsView
    """What plugins bring."""


class GuessView(View):
    """A label and how likely it is."""

    label: str
    """Name of the class."""
    probability: float
    """From 0 to 1."""


class PredictionView(View):
    """What a picture was taken for."""

    image: str
    """The picture, as it was named."""
    top: tuple[GuessView, ...]
    """The most likely classes, best first."""
    error: ErrorView | None = None
    """Why it could not be read."""


class ClassificationView(View):
    """What several pictures were taken for."""

    model: str
    """The snapshot that was used."""
    backend: str
    """The backend that computed."""
    predictions: tuple[PredictionView, ...]
    """In the order of the pictures."""
    notes: tuple[str, ...] = ()
    """What a person should know."""


def problem_dict(problem: Problem) -> dict[str, str]:
    """A problem as plain data, without empty fields."""
    fields = {"message": problem.message, "where": problem.where, "hint": problem.hint}
    return {key: value for key, value in fields.items() if value}
