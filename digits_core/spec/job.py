"""The request for a training job."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

from digits_core.spec.augment import NO_AUGMENTATION, Augmentation
from digits_core.spec.dataset import DatasetReference
from digits_core.spec.model import Name, Spec
from digits_core.spec.schedule import Schedule, Step
from digits_core.spec.solver import Sgd, Solver
from digits_core.spec.targets import TargetOptions
from digits_core.spec.trackers import Trackers

Mean = Literal["none", "pixel", "image"]
Precision = Literal["fp32", "fp64", "bf16", "fp16"]
#: Weights that weight decay acts on: all, or kernels alone, not biases, norms, tokens and embeddings.
DecayOn = Literal["all", "kernels"]


def _batch(value: Any, check: ValidatorFunctionWrapHandler) -> int | Literal["auto"]:
    # One message, where a union would give one for each of its members.
    try:
        checked: int | Literal["auto"] = check(value)
    except ValidationError:
        raise ValueError(
            f"batch expects a whole number greater than or equal to 1, or auto; found {value!r}."
        ) from None
    return checked


def _listed(value: Any) -> Any:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        return value
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


#: Names or patterns; a list, or text with commas.
Patterns = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
#: Pictures per step; auto: to be found out.
BatchSize = Annotated[Annotated[int, Field(ge=1)] | Literal["auto"], WrapValidator(_batch)]


class DataOptions(Spec):
    """What happens to a picture between the shard and the network; kept for classification."""

    mean: Mean = "image"
    """What is subtracted: nothing, one value per channel, or the mean picture."""
    crop: int | None = Field(default=None, ge=1)
    """Side of a square crop in pixels: random while training, central otherwise; empty: the whole picture."""
    shuffle: bool = True
    """Draw every epoch in a new order."""
    augment: Augmentation = NO_AUGMENTATION
    """What training does to a picture by chance."""


class EarlyStopping(Spec):
    """Stop when a validation metric has not improved for a while."""

    metric: Literal["val/loss", "val/accuracy"] = "val/loss"
    """Which metric is watched."""
    patience: int = Field(default=5, ge=1)
    """Validations without improvement before training stops."""


class SnapshotOptions(Spec):
    """When snapshots are taken and which are kept."""

    every: float = Field(default=1, ge=0)
    """Epochs between snapshots; 0: at the end only."""
    keep: int = Field(default=5, ge=1)
    """How many of the newest stay; the best one always stays."""


class BackendOptions(Spec):
    """How a backend computes; what it computes is fixed by the network."""

    precision: Precision = "fp32"
    """Number format of activations; weights, solver slots and batch statistics stay fp32 with bf16 and fp16."""
    compile: Literal["auto", "on", "off"] = "auto"
    """Compile the training step where the backend can; auto: where it pays."""
    accumulate: int = Field(default=1, ge=1)
    """Parts that a batch is worked through in, one after the other, to save memory; the update is that of the whole."""
    tf32: bool = False
    """Let GPUs round factors of fp32 products to 10 bits, which is faster and no longer agrees between backends."""


class JobSpec(Spec):
    """One network to be trained on one dataset."""

    dataset: DatasetReference
    """The dataset: `NAME`, its newest version, or `NAME@v0001`, that one."""
    start: str | None = Field(default=None, min_length=1)
    """Model whose weights it starts from: `JOB`, `JOB@best`, an imported model, or a file; empty: none."""
    network: str | None = Field(default=None, min_length=1)
    """Name of a family, maybe with params (``NAME:key=value``), a network file, or its text; empty: the model's."""
    name: Name | None = None
    """Name of the job; empty: made from dataset and network."""
    backend: str = "auto"
    """Name of the backend; auto: the first that is installed of torch, jax, tensorflow, numpy."""
    devices: str = "auto"
    """Devices to train on: auto, cpu, gpu, gpu:2 (any two), gpu:0,3 (these); several have a process each."""
    priority: int = 0
    """Jobs of a higher one are started first."""
    retries: int = Field(default=0, ge=0, le=1000)
    """How often it is started again by itself, from its newest snapshot, when it fails."""
    epochs: float = Field(default=30, gt=0, le=1_000_000)
    """Times that every training picture is used."""
    batch: BatchSize = 64
    """Pictures per step, over all devices; auto: the largest useful size that fits, found before the job is made."""
    solver: Solver = Sgd()
    """How weights are updated."""
    decay_on: DecayOn = "all"
    """Weights with decay: all, or kernels alone (none on biases, norms, tokens and embeddings)."""
    freeze: Patterns = ()
    """Layers that stay as they are, by name or pattern such as `conv*`; a list, or text like `conv1, block*`."""
    schedule: Schedule = Step()
    """How the learning rate changes."""
    data: DataOptions = DataOptions()
    """What happens to a picture before the network."""
    targets: TargetOptions = TargetOptions()
    """What the network is taught about each training picture."""
    options: BackendOptions = BackendOptions()
    """How the backend computes."""
    validate_every: float = Field(default=1, ge=0)
    """Epochs between validations; 0: never."""
    snapshots: SnapshotOptions = SnapshotOptions()
    """When snapshots are taken."""
    early_stopping: EarlyStopping | None = None
    """Stop when validation no longer improves; empty: train to the end."""
    track: Trackers | None = None
    """Who else is told what happens: names of trackers, maybe with settings; empty: those of the home's settings."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides initial weights, order of pictures, crops and dropout."""

    @field_validator("network")
    @classmethod
    def _is_there(cls, network: str | None, info: ValidationInfo) -> str | None:
        if network is None and info.data.get("start") is None:
            raise ValueError("network is missing. Give it a value, or start from a model.")
        return network

    @property
    def batch_size(self) -> int:
        """Pictures per step, once that is a number: in the request of every job that was made."""
        assert self.batch != "auto", "batch is found out before a job is made"
        return self.batch
