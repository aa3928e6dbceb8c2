"""Everything that can go wrong, as one tree.

Every error says who, what was expected, what was found, where, and what to do; one error may carry several problems,
so that a request is refused once with everything that is wrong with it.

::

    DigitsError                      exit status 1
    ├── RequestWrong                 exit status 2: the request cannot be carried out as it is
    │   ├── SpecInvalid              a value of a request is out of range, unknown or contradictory
    │   ├── NetworkInvalid           a network description does not describe a network
    │   ├── NameTaken                something of that name exists already
    │   ├── NameUnknown              nothing of that name exists
    │   ├── PluginMissing            the plugin is known, what it needs is not installed
    │   ├── PluginConflict           two plugins claim one name
    │   ├── SourceInvalid            the given pictures cannot become a dataset
    │   ├── DatasetUnusable          a dataset is damaged, incomplete or gone
    │   ├── ModelInvalid             files are no model that can be used
    │   ├── SnapshotDamaged          no snapshot can be read
    │   ├── StateConflict            the thing exists, but not in a state that allows this
    │   ├── CapabilityMissing        a backend does not claim what a network or job needs
    │   ├── StorageUnusable          the disk is full, read-only or not ours
    │   └── AccessDenied             whoever asks may not do this
    ├── ExportUnfaithful             what was exported computes something else than the model
    └── JobFailed                    a job started and could not end well
        ├── LossNotFinite            the loss became NaN or infinite
        └── WorkerDied               the training process ended without a word
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: So many known names are listed after an unknown one.
MOST_SUGGESTIONS = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        message: Who, what was expected and what was found, in one sentence with a full stop.
        where: File, line or key, for example ``job.yaml, network.input``; empty when there is no such place.
        hint: What to do about it, in one sentence; empty when nothing helps.
    """

    message: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        message = self.message
        if self.where:
            message = f"{message.removesuffix('.')} ({self.where})."
        return f"{message} {self.hint}".strip()


class DigitsError(Exception):
    """Root of the tree: a message for a person, never a traceback.

    Args:
        problems: One or more problems; a plain string becomes a problem with ``where`` and ``hint``.
        where: Place of a problem given as a string.
        hint: Remedy of a problem given as a string.
    """

    exit_status = 1

    def __init__(self, *problems: Problem | str, where: str = "", hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(
            Problem(problem, where, hint) if isinstance(problem, str) else problem for problem in problems
        )
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    @property
    def hint(self) -> str:
        """Every remedy, joined; for the ``hint`` field of ``--json``."""
        return " ".join(problem.hint for problem in self.problems if problem.hint)


class RequestWrong(DigitsError):
    """The request cannot be carried out as it is; nothing was changed."""

    exit_status = 2


class SpecInvalid(RequestWrong):
    """A value of a request is out of range, unknown or contradicts another."""


class NetworkInvalid(RequestWrong):
    """A network description does not describe a network."""


class NameTaken(RequestWrong):
    """Something of that name exists already."""


class NameUnknown(RequestWrong):
    """Nothing of that name exists; close matches are in the hint."""


class PluginMissing(RequestWrong):
    """A plugin is known by name, but what it needs is not installed."""


class PluginConflict(RequestWrong):
    """Two plugins claim one name."""


class SourceInvalid(RequestWrong):
    """The given pictures cannot become a dataset."""


class DatasetUnusable(RequestWrong):
    """A dataset is damaged, incomplete or gone."""


class ModelInvalid(RequestWrong):
    """Files do not hold a model that can be used."""


class SnapshotDamaged(RequestWrong):
    """No snapshot of the job can be read."""


class StateConflict(RequestWrong):
    """The thing exists, but not in a state that allows this."""


class CapabilityMissing(RequestWrong):
    """A backend does not claim what a network or a job needs."""


class StorageUnusable(RequestWrong):
    """The disk is full, read-only or belongs to somebody else."""


class AccessDenied(RequestWrong):
    """Whoever asks may not do this, or not here."""


class ExportUnfaithful(DigitsError):
    """What was exported computes something else than the model; nothing is left of it."""


class JobFailed(DigitsError):
    """A job started and could not end well."""


class LossNotFinite(JobFailed):
    """The loss became NaN or infinite."""


class WorkerDied(JobFailed):
    """The training process ended without a word."""


def require(problems: Iterable[Problem], error: type[DigitsError]) -> None:
    """Raise ``error`` with all of ``problems`` at once; do nothing when there are none."""
    found = tuple(problems)
    if found:
        raise error(*found)


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown ``name``: its close matches among ``known``, else all of them.

    >>> suggest("lent", ["lenet", "vgg"])
    'Did you mean lenet? Known: lenet, vgg.'
    """
    import difflib

    names = sorted(known)
    if not names:
        return "None exist yet."
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    guess = f"Did you mean {' or '.join(close)}? " if close else ""
    rest = f", … ({len(names)} in all)" if len(names) > MOST_SUGGESTIONS else ""
    return f"{guess}Known: {', '.join(names[:MOST_SUGGESTIONS])}{rest}."
