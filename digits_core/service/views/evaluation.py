"""Read models of how well a model does."""

from __future__ import annotations

from digits_core.service.views.view import ErrorView, View

#: How many guesses count in ``top5``.
TOP = 5


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
    precision_interval: tuple[float, float]
    """From where to where its precision may be."""
    recall_interval: tuple[float, float]
    """The same of its recall."""
    f1_interval: tuple[float, float] | None = None
    """The same of its F1."""


class MacroView(View):
    """Means over the classes that have pictures, each counting alike."""

    precision: float
    """Mean precision."""
    recall: float
    """Mean recall, which is also called balanced accuracy."""
    f1: float
    """Mean F1."""
    precision_interval: tuple[float, float] | None = None
    """From where to where the mean precision may be."""
    recall_interval: tuple[float, float] | None = None
    """The same of the mean recall."""
    f1_interval: tuple[float, float] | None = None
    """The same of the mean F1."""


class BinView(View):
    """Pictures whose first guess has a probability above one number and up to another."""

    low: float
    """Above this one."""
    high: float
    """Up to this one."""
    count: int
    """Pictures in it."""
    confidence: float
    """Their mean probability."""
    accuracy: float
    """Share of them that are right."""


class CalibrationView(View):
    """Whether probabilities mean what they say."""

    method: str
    """How it was measured."""
    error: float
    """Expected calibration error: the mean distance of probability and accuracy, over all pictures."""
    error_interval: tuple[float, float] | None = None
    """From where to where it may be."""
    largest: float
    """The largest such distance of a bin."""
    bins: tuple[BinView, ...]
    """From the least sure to the surest."""


class EvaluationView(View):
    """How well a model does on pictures whose classes are known."""

    job: str = ""
    """The job that found it out; empty where files were scored."""
    model: str
    """The snapshot that was scored."""
    dataset: str = ""
    """Whose pictures; empty where files were scored."""
    version: str = ""
    """Which version of it."""
    split: str = ""
    """Which of them."""
    pictures: str = ""
    """Which files, in a few words."""
    backend: str
    """What computed: onnx, or the name of a backend."""
    unlabelled: int = 0
    """Files that were not scored, since nothing says their class."""
    errors: tuple[ErrorView, ...] = ()
    """Why files could not be read."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
    samples: int
    """Pictures that were scored."""
    unknown: int
    """Pictures that were not, since the model does not know their class."""
    unknown_labels: dict[str, int]
    """Those classes, and how many pictures each has."""
    loss: float
    """Mean softmax cross-entropy of the output."""
    loss_interval: tuple[float, float] | None = None
    """From where to where it may be on other pictures of the same kind; empty of fewer than two pictures."""
    accuracy: float
    """Share of pictures whose class is the first guess."""
    accuracy_interval: tuple[float, float]
    """From where to where accuracy may be on other pictures of the same kind."""
    top5: float
    """Share of those whose class is among the first five."""
    top5_interval: tuple[float, float]
    """The same of that share."""
    confidence: float
    """The share of such intervals that contain the true value."""
    interval_method: str
    """How intervals of shares were computed; those of means combine them by MOVER, that of the loss is normal."""
    macro: MacroView
    """Means over classes."""
    calibration: CalibrationView
    """Whether probabilities mean what they say."""
    labels: tuple[str, ...]
    """Names of the model's classes."""
    confusion: tuple[tuple[int, ...], ...]
    """For each true class how many pictures were taken for each class."""
    per_class: tuple[ClassScoresView, ...]
    """For each class how well it does."""

    @property
    def subject(self) -> str:
        """Whose pictures they are, in a few words."""
        return (
            f"{self.split} pictures of {self.dataset}@{self.version}"
            if self.dataset
            else f"pictures of {self.pictures}"
        )

    @property
    def tells_top5(self) -> bool:
        """Whether ``top5`` says something: of five classes or fewer each is among the first five guesses."""
        return len(self.labels) > TOP


class GuessedView(View):
    """A picture that was scored, and what it was taken for."""

    split: str
    """Its split."""
    index: int
    """Its place in the split, from 0."""
    key: str
    """Its key."""
    hash: str
    """What tells it from others of the same key."""
    label: str
    """Its class."""
    taken: str
    """The class that it was taken for."""
    probability: float
    """How sure the model was of that, from 0 to 1."""


class ConfusedView(View):
    """Pictures of an evaluation, for example those of one cell of its confusion matrix."""

    job: str
    """The job that scored them."""
    model: str
    """The snapshot that was scored."""
    dataset: str
    """Whose pictures."""
    version: str
    """Which version of it."""
    split: str
    """Which of them."""
    truth: str | None = None
    """The class that they are of; empty: any."""
    taken: str | None = None
    """The class that they were taken for; empty: any."""
    total: int
    """How many there are."""
    page: int
    """Which page of them this is, from 0."""
    pictures: tuple[GuessedView, ...]
    """Those of the page, the surest guess first."""
