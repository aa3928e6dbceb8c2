"""What models are for, and the proof that backends agree on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits_core.dataset.progress import Progress
from digits_core.errors import JobFailed
from digits_core.service.doors.door import Door
from digits_core.service.watcher import Nobody, Watcher
from digits_core.spec.model import parse

if TYPE_CHECKING:
    from PIL.Image import Image

    from digits_core.parity.certificate import Certificate
    from digits_core.service.views.classification import ClassificationView, TopView
    from digits_core.service.views.evaluation import ConfusedView, EvaluationView
    from digits_core.service.views.jobs import JobView
    from digits_core.spec.dataset import Split
    from digits_core.spec.parity import ParitySpec
    from digits_core.spec.pictures import PicturesSpec
    from digits_core.spec.top import TopSpec


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
        from digits_core.service.parity import certify

        return certify(request, self.home, self.plugins, tell)

    def require_model(self, model: str) -> None:
        """Refuse the name of a model that is not there; reads no weights.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, or the name of an imported model.

        Raises:
            NameUnknown: If there is no such job, snapshot or imported model.
        """
        from digits_core.inference.model import require_model

        require_model(self.home, model)

    def classify(
        self,
        model: str,
        images: PicturesSpec | Sequence[str | Path],
        *,
        top: int = 5,
        runtime: str | None = None,
        backend: str | None = None,
        progress: Progress | None = None,
    ) -> ClassificationView:
        """What pictures are taken for, and how often that is right, where their classes are told.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive.
            images: Picture files, folders, lists and URLs, or a dataset's split; what cannot be read keeps its error,
                and the rest go on.
            top: How many classes per picture.
            runtime: Who computes, ``onnx`` or ``native`` for a backend; None: ONNX Runtime where it is installed and
                the network is not native to a backend.
            backend: Which backend computes; None with ``native``: the job's own if it is installed, else the first.
            progress: Is told how far it is.

        Raises:
            NameUnknown: If there is no such job, snapshot, imported model, dataset, runtime or backend.
            PluginMissing: If what the runtime or backend needs is not installed.
            CapabilityMissing: If the runtime cannot compute the network.
            SnapshotDamaged: If the snapshot cannot be read.
            ModelInvalid: If the imported model cannot be read.
            SourceInvalid: With every folder and list that holds no pictures.
            SpecInvalid: If the dataset's pictures do not fit the model.
        """
        from digits_core.service.classification import classify_pictures

        asked = (self.home, self.plugins, model, images)
        return classify_pictures(*asked, top=top, runtime=runtime, backend=backend, progress=progress)

    def top(
        self,
        model: str,
        wanted: TopSpec | Mapping[str, Any] | None = None,
        *,
        runtime: str | None = None,
        backend: str | None = None,
        progress: Progress | None = None,
    ) -> TopView:
        """The pictures that each class scores highest: what the model has learned to look for.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive.
            wanted: Whose pictures, of which classes, and how many; None: the nine best validation pictures of each.
            runtime: Who computes; see `classify`.
            backend: Which backend computes; see `classify`.
            progress: Is told how far it is.

        Raises:
            RequestWrong: As `classify` does, and with every class that the model does not know.
        """
        from digits_core.service.top import find_top
        from digits_core.spec.top import TopSpec

        spec = wanted if isinstance(wanted, TopSpec) else parse(TopSpec, wanted or {})
        asked = (self.home, self.plugins, model, spec)
        return find_top(*asked, runtime=runtime, backend=backend, progress=progress)

    def mosaic(self, found: TopView) -> Image:
        """What `top` found as one picture: a row for each class, with its name, scores, and other classes' pictures.

        At most 100 classes, 100 pictures of each, and 1,000 in all: the first ones.
        """
        from digits_core.service.top import draw_mosaic

        return draw_mosaic(self.home, found)

    def evaluate_pictures(
        self,
        model: str,
        pictures: PicturesSpec | Mapping[str, Any],
        *,
        runtime: str | None = None,
        backend: str | None = None,
        progress: Progress | None = None,
    ) -> EvaluationView:
        """How well a model does on files whose classes are told by lists or folders; no job is made.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive.
            pictures: Which ones; what cannot be read keeps its error, and the rest are scored.
            runtime: Who computes; see `classify`.
            backend: Which backend computes; see `classify`.
            progress: Is told how far it is.

        Raises:
            RequestWrong: As `classify` does, and if no picture is of a class that the model knows.
        """
        from digits_core.service.scored_pictures import score_pictures
        from digits_core.spec.pictures import PicturesSpec

        spec = pictures if isinstance(pictures, PicturesSpec) else parse(PicturesSpec, pictures)
        asked = (self.home, self.plugins, model, spec)
        return score_pictures(*asked, runtime=runtime, backend=backend, progress=progress)

    def evaluate(
        self,
        model: str,
        *,
        dataset: str | None = None,
        split: Split = "val",
        runtime: str | None = None,
        backend: str | None = None,
        devices: str = "auto",
        watcher: Watcher | None = None,
    ) -> EvaluationView:
        """How well a model does on pictures whose classes are known; a job, which waits where it needs a device.

        Args:
            model: ``JOB``, ``JOB@best``, ``JOB@last``, ``JOB@epoch-3``, an imported model, or an archive.
            dataset: Whose pictures; empty: those of the dataset that it was trained on.
            split: Which of them.
            runtime: Who computes; see `classify`. ONNX Runtime needs no device, and waits for none.
            backend: Which backend computes; see `classify`.
            devices: What a backend computes on, one device at most; where any is named, a backend computes.
            watcher: Is told what happens.

        Raises:
            RequestWrong: With everything that is wrong; no job is made.
            JobFailed: If the job ended without a result.
        """
        from digits_core.service.evaluation import evaluation_view, plan_evaluation, submit_evaluation
        from digits_core.service.views.view import ErrorView

        asked = (self.home, self.plugins, model)
        spec = plan_evaluation(*asked, dataset=dataset, split=split, runtime=runtime, backend=backend, devices=devices)
        folder = submit_evaluation(self.home, self._runs, spec)
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
        runtime: str | None = None,
        backend: str | None = None,
        devices: str = "auto",
    ) -> JobView:
        """The same without waiting for it; a scheduler has to run for its turn to come, see `ensure_scheduler`."""
        from digits_core.service.evaluation import plan_evaluation, submit_evaluation

        asked = (self.home, self.plugins, model)
        spec = plan_evaluation(*asked, dataset=dataset, split=split, runtime=runtime, backend=backend, devices=devices)
        return self._runs.view(submit_evaluation(self.home, self._runs, spec))

    def evaluation(self, job: str) -> EvaluationView:
        """What a job that scores a model has found.

        Raises:
            NameUnknown: If there is no such job.
            StateConflict: If it scores no model, or is not done.
        """
        from digits_core.service.evaluation import evaluation_of

        folder = self._job(job)
        return evaluation_of(folder, self._runs.view(folder))

    def confused(
        self, job: str, *, truth: str | None = None, taken: str | None = None, page: int = 0, count: int = 60
    ) -> ConfusedView:
        """The pictures behind an evaluation, for example those of one cell of its confusion matrix.

        Args:
            job: The job that scored a model.
            truth: Those of this class only; None: of any.
            taken: Those that were taken for this class only; None: for any.
            page: Which page, from 0.
            count: Pictures on a page.

        Raises:
            NameUnknown: If there is no such job or class.
            StateConflict: If it scores nothing, has not ended well, or was made when guesses were not kept.
            DatasetUnusable: If the dataset is gone.
        """
        from digits_core.service.guessed import confused_pictures

        return confused_pictures(self.home, self.evaluation(job), truth, taken, page, count)

    def download(self, url: str, *, allow_private: bool = False) -> bytes:
        """A picture from the network, fetched with the care that `classify` takes of URLs.

        Args:
            url: Where it is.
            allow_private: Whether it may be at a private, loopback or link-local address.

        Raises:
            SourceInvalid: If it is not to be had, too large, or at an address that is not permitted.
        """
        from digits_core.service.classification import download_picture

        return download_picture(self.home, url, private=allow_private)
