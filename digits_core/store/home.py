"""The home folder: where datasets, imported models and jobs are."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs

from digits_core.errors import NameUnknown
from digits_core.spec.model import NAME_PATTERN
from digits_core.spec.paths import expanded

_NAME = re.compile(NAME_PATTERN)
#: Nanoseconds after which another change of a folder is sure to give it another time; some file systems count by 2 s.
_SETTLED_NS = 3 * 10**9


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with ``datasets/NAME/``, ``models/NAME/`` and ``jobs/ID/``.

    Attributes:
        path: The folder; it need not exist before something is written.
    """

    path: Path

    @classmethod
    def default(cls) -> Home:
        """``$DIGITS_HOME``, else the platform's folder for user data."""
        chosen = os.environ.get("DIGITS_HOME") or platformdirs.user_data_dir("digits")
        return cls(expanded(chosen).absolute())

    def dataset_folder(self, name: str) -> Path:
        """Where the dataset called ``name`` is or would be.

        Raises:
            NameUnknown: If no dataset can have that name.
        """
        return self.path / "datasets" / _checked("dataset", name)

    def job_folder(self, id: str) -> Path:
        """Where the job called ``id`` is or would be.

        Raises:
            NameUnknown: If no job can have that id.
        """
        return self.path / "jobs" / _checked("job", id)

    def model_folder(self, name: str) -> Path:
        """Where the imported model called ``name`` is or would be.

        Raises:
            NameUnknown: If no model can have that name.
        """
        return self.path / "models" / _checked("model", name)

    def dataset_names(self) -> tuple[str, ...]:
        """Datasets that are complete, sorted."""
        return _folders_with(self.path / "datasets", "dataset.json")

    def model_names(self) -> tuple[str, ...]:
        """Imported models that are complete, sorted."""
        return _folders_with(self.path / "models", "model.json")

    def job_ids(self) -> tuple[str, ...]:
        """Jobs that are complete, sorted."""
        return _folders_with(self.path / "jobs", "job.json")


def _checked(kind: str, name: str) -> str:
    # A name from outside must never lead out of the home.
    if not _NAME.fullmatch(name):
        raise NameUnknown(
            f"No {kind} is called {name!r}.", hint="Names are letters, digits, '.', '_' and '-', at most 100."
        )
    return name


def _folders_with(parent: Path, file: str) -> tuple[str, ...]:
    try:
        status = os.stat(parent)
    except OSError:
        return ()
    # What 10,000 folders have is not asked again and again while none has come or gone.
    settled = abs(time.time_ns() - status.st_mtime_ns) > _SETTLED_NS
    look = _look if settled else _look.__wrapped__
    complete, others = look(str(parent), file, (status.st_ino, status.st_mtime_ns))
    late = [name for name in others if _has(str(parent), name, file)]
    return tuple(sorted([*complete, *late])) if late else complete


@lru_cache(maxsize=8)
def _look(parent: str, file: str, _stamp: tuple[int, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders that have the file, sorted, and those that do not, as they were when ``parent`` had the stamp."""
    names = sorted(filter(_NAME.fullmatch, os.listdir(parent)))
    complete = tuple(name for name in names if _has(parent, name, file))
    return complete, tuple(sorted(set(names).difference(complete)))


def _has(parent: str, name: str, file: str) -> bool:
    # By plain words: with 10,000 of them, making `Path`s takes longer than asking the disk.
    return os.path.exists(f"{parent}/{name}/{file}")
