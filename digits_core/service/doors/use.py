"""What models are for, and the proof that backends agree on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digits_core.errors import JobFailed
from digits_core.parity.certificate import Certificate
from digits_core.service.classification import classify_pictures
from digits_core.service.doors.door import Door
from digits_core.service.evaluation import evaluation_view, submit_evaluation
from digits_core.service.parity import certify
from digits_core.service.runs import Nobody, Watcher
from digits_core.service.views import (
    ClassificationView,
    ErrorView,
    EvaluationView,
    JobView,
)
from digits_core.spec.dataset import Split
from digits_core.spec.parity import ParitySpec


class Use(Door):
    """Classify pictures, score models on many, prove agreement."""

    def parity(
        self, request: ParitySpec | Mapping[str, Any], *, tell: Callable[[str], None] = lambda message: None
    ) -> Certificate:
        """Compare backends with the reference on one network, each in processes of its own.

        Args:
            request: What is asked for.
            tell: Is told in sentences how far it is.

        Returns:
            What every check found; whether all of them hold is its ``passed``.

        Raises:
            RequestWrong: With everything that is wrong.
            LossNotFinite: If the loss of the reference or a backend is not finite.
            WorkerDied: If the process of a backend ends without an answer.
        """
        return certify(request, self.home, self.plugins, tell)

    def classify(
        self,
        model: str,
        images: Sequence[Path],
        *,
        top: int = 5,
        runtime: str | None = None,
        backend: str | None = None,
    ) -> ClassificationView:
        """What pictures are taken for.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, or the name of an imported model.
            images: Picture files; one that cannot be read keeps its error, and the rest go on.
            top: How many classes per picture.
            runtime: Who computes, ``onnx`` or ``native`` for a backend; None: ONNX Runtime where it is installed and
                the network is not native to a backend.
            backend: Which backend computes; None with ``native``: the job's own if it is installed, else the first.

        Raises:
            NameUnknown: If there is no such job, snapshot, imported model, runtime or backend.
            PluginMissing: If what the runtime or backend needs is not installed.
            CapabilityMissing: If the runtime cannot compute the network.
            SnapshotDamaged: If the snapshot cannot be read.
            ModelInvalid: If the imported model cannot be read.
        """
        asked = (self.home, self.plugins, model, images)
        return classify_pictures(*asked, top=top, runtime=runtime, backend=backend)

    def evaluate(
        self,
        model: str,
        *,
        dataset: str | None = None,
        split: Split = "val",
        backend: str | None = None,
        devices: str = "auto",
        watcher: Watcher | None = None,
    ) -> EvaluationView:
        """How well a model does on pictures whose classes are known; a job that waits for its turn.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last`` or ``JOB@epoch-3``.
            dataset: Whose pictures; empty: those of the dataset that it was trained on.
            split: Which of them.
            backend: Who computes; empty: the job's own if it is installed, else the first that is.
            devices: What it computes on, one device at most.
            watcher: Is told what happens.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
            JobFailed: If the job ended without a result.
        """
        asked = (self.home, self._runs, self.plugins, model)
        folder = submit_evaluation(*asked, dataset=dataset, split=split, backend=backend, devices=devices)
        view = self._runs.first(folder, watcher or Nobody())
        if view.state != "done":
            error = view.error or ErrorView(
                message=f"Job {view.job} is {view.state}.", hint=f"Go on with: digits job resume {view.job}."
            )
            raise JobFailed(error.message, hint=error.hint)
        return evaluation_view(folder)

    def submit_evaluation(
        self,
        model: str,
        *,
        dataset: str | None = None,
        split: Split = "val",
        backend: str | None = None,
        devices: str = "auto",
    ) -> JobView:
        """The same without waiting for it; a scheduler has to run for its turn to come, see `ensure_scheduler`."""
        asked = (self.home, self._runs, self.plugins, model)
        folder = submit_evaluation(*asked, dataset=dataset, split=split, backend=backend, devices=devices)
        return self._runs.view(folder)
