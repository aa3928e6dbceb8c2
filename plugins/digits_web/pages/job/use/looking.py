"""What a model makes of one picture; asked in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from digits_core.errors import DigitsError, Problem, SourceInvalid
from digits_core.service.digits import Digits
from digits_core.service.figures import Figure
from digits_core.service.views.classification import GuessView
from digits_core.service.views.inspection import InspectionView
from digits_web.parts.kept import KEPT


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture that somebody wants to be looked at.

    Attributes:
        name: What it is called.
        picture: The file.
        truth: Its class; empty: nobody said.
    """

    name: str
    picture: bytes
    truth: str = ""


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure and where its picture is."""

    figure: Figure
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it.

    Attributes:
        asked: What was looked at.
        address: Where it is.
        model: The snapshot that was used.
        backend: What computed.
        top: The most likely classes.
        notes: What a person should know.
        inside: What is inside; None: nobody asked.
        figures: Its pictures.
    """

    asked: Asked
    address: str
    model: str
    backend: str
    top: tuple[GuessView, ...]
    notes: tuple[str, ...]
    inside: InspectionView | None = None
    figures: tuple[ShownFigure, ...] = ()


def look(digits: Digits, model: str, asked: Asked, *, inside: bool, occlusion: bool) -> Answer:
    """Have a model look at a picture.

    Args:
        digits: The service.
        model: ``JOB@SNAPSHOT``.
        asked: The picture.
        inside: Whether every layer is wanted too.
        occlusion: Whether it is wanted what counts in the picture.

    Raises:
        DigitsError: If the picture cannot be read, or the model not be used.
    """
    with TemporaryDirectory(prefix="digits-look-") as folder:
        # A name of its own, and one that nothing else has: what ends like a list would be read as a list.
        path = Path(folder) / Path(folder).name
        path.write_bytes(asked.picture)
        try:
            return _inside(digits, model, asked, path, occlusion) if inside else _outside(digits, model, asked, path)
        except DigitsError as error:
            # Where the server put it for a moment is nobody's business.
            raise type(error)(*(_as_called(problem, path, asked.name) for problem in error.problems)) from None


def _outside(digits: Digits, model: str, asked: Asked, path: Path) -> Answer:
    view = digits.classify(model, [path])
    found = view.predictions[0]
    if found.error:
        raise SourceInvalid(found.error.message, hint=found.error.hint)
    return Answer(asked, KEPT.add(asked.picture), view.model, view.backend, found.top, view.notes)


def _inside(digits: Digits, model: str, asked: Asked, path: Path, occlusion: bool) -> Answer:
    saliency = ["occlusion"] if occlusion else []
    found = digits.inspect({"model": model, "image": path, "saliency": saliency})
    figures = tuple(ShownFigure(figure, KEPT.add(figure.png)) for figure in found.figures())
    view = found.view
    return Answer(asked, KEPT.add(asked.picture), view.model, view.backend, view.top, view.notes, view, figures)


def _as_called(problem: Problem, path: Path, name: str) -> Problem:
    """The problem as it is told to who calls the file at ``path`` by ``name``.

    >>> _as_called(Problem("Picture ab cannot be read. (/tmp/ab/ab)", "/tmp/ab/ab"), Path("/tmp/ab/ab"), "cat.png")
    Problem(message='Picture cat.png cannot be read.', where='', hint='')
    """
    where = "" if problem.where == str(path) else problem.where
    return Problem(problem.message.replace(f" ({path})", "").replace(path.name, name), where, problem.hint)
