"""What a run leaves behind: facts in the journal and snapshots on disk."""

from __future__ import annotations

import math

import numpy as np

from digits_core.contracts.backend import Arrays
from digits_core.errors import LossNotFinite
from digits_core.events.facts import Fact, Noted, SnapshotSaved, TrainingLogged, Validated
from digits_core.spec.job import JobSpec
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import (
    Patience,
    SnapshotState,
    best_snapshot,
    keep,
    list_snapshots,
    save_snapshot,
    snapshot_name,
)
from digits_core.training.gain import describe_gain
from digits_core.training.meter import Meter, Progress
from digits_core.training.plan import TrainingPlan
from digits_core.training.stopping import is_exhausted, judge
from digits_core.training.team import Team

#: What the metrics of heads begin with.
OF_HEADS = "val/loss/"
#: How long a pace is measured before it is told.
_PACE_SECONDS = 2.0


class Record:
    """Writes down one run, and refuses to write down numbers that are none.

    Args:
        job: The job's folder.
        spec: The request.
        plan: Its steps.
        backend: The backend that computes.
        patience: Where early stopping stood in the snapshot that the run starts from.
        writes: Whether this process writes; of several that train together one does, and all of them judge.
    """

    def __init__(
        self,
        job: JobFolder,
        spec: JobSpec,
        plan: TrainingPlan,
        backend: str,
        patience: Patience,
        *,
        writes: bool = True,
    ) -> None:
        self._job, self._spec, self._plan, self._backend = job, spec, plan, backend
        self._writes = writes
        self._patience = patience
        self._rate = spec.solver.rate
        self._metrics: dict[str, float] = {}
        self._compared = False

    @property
    def stops_early(self) -> bool:
        """Whether early stopping says that it is enough."""
        return is_exhausted(self._patience, self._spec.early_stopping)

    def logged(self, step: int, rate: float, progress: Progress) -> None:
        """Write down training progress up to ``step``.

        Raises:
            LossNotFinite: If the loss of a step or the rate is NaN or infinite.
        """
        self._rate = rate
        self._check("learning rate", rate, step)
        for index, loss in enumerate(progress.losses):
            self._check("training loss", loss, step - len(progress.losses) + 1 + index)
        epoch = self._plan.epoch(step)
        speed, losses = progress.images_per_second, progress.losses
        self._write(TrainingLogged(step, epoch, progress.loss, progress.accuracy, rate, speed, losses, progress.heads))
        self._metrics = {"train/loss": progress.loss, "train/accuracy": progress.accuracy}
        self._metrics |= {f"train/loss/{head}": loss for head, loss in progress.heads.items()}

    def validated(self, step: int, metrics: dict[str, float]) -> None:
        """Write down a validation after ``step``.

        Raises:
            LossNotFinite: If its loss is NaN or infinite.
        """
        self._check("validation loss", metrics["val/loss"], step)
        found = (metrics["val/loss"], metrics["val/accuracy"], metrics["val/top5"])
        heads = {name.removeprefix(OF_HEADS): loss for name, loss in metrics.items() if name.startswith(OF_HEADS)}
        self._write(Validated(step, self._plan.epoch(step), *found, heads))
        self._metrics |= metrics
        if self._spec.early_stopping:
            self._patience = judge(self._patience, self._spec.early_stopping, metrics)

    def compared(self, meter: Meter, alone: float, team: Team) -> None:
        """Say once what several devices gain, as soon as their pace is known.

        Args:
            meter: Knows their pace.
            alone: Images per second of one device.
            team: All of them.
        """
        if alone and not self._compared and meter.seconds > _PACE_SECONDS:
            self._compared = True
            self._write(Noted(describe_gain(meter.images_per_second, alone, team.count)))

    def saved(self, step: int, arrays: Arrays) -> None:
        """Save a snapshot after ``step`` and delete those that are not kept.

        Raises:
            LossNotFinite: If a weight is NaN or infinite; earlier snapshots stand.
            StorageUnusable: If the disk is full, read-only or not ours; earlier snapshots stand.
        """
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                self._check(f"weight {name}", math.nan, step)
        epoch = self._plan.snapshot_epoch(step)
        state = SnapshotState(
            name=snapshot_name(epoch),
            step=step,
            epoch=epoch,
            seed=self._spec.seed,
            backend=self._backend,
            metrics=self._metrics,
            patience=self._patience,
        )
        folder = self._job.snapshots_folder
        name = save_snapshot(folder, state, arrays)
        self._write(SnapshotSaved(step, epoch, name))
        best = best_snapshot(list_snapshots(folder))
        keep(folder, self._spec.snapshots.keep, best.name if best else name)

    def _write(self, fact: Fact) -> None:
        if self._writes:
            self._job.journal.append(fact)

    def _check(self, what: str, value: float, step: int) -> None:
        if math.isfinite(value):
            return
        base = self._spec.solver.rate
        raise LossNotFinite(
            f"Job {self._job.id}: the {what} became {value} at step {step} (epoch {self._plan.epoch(step):.2f}), "
            f"with a learning rate of {self._rate:g}.",
            hint=f"Lower the learning rate: try {base / 10:g} in place of {base:g}.",
        )
