"""Datasets made better: new versions, what was done before, and what a model says of the pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from digits_core.dataset.progress import Progress, Silence
from digits_core.errors import NameTaken
from digits_core.service.doors.door import Door
from digits_core.spec.model import parse

if TYPE_CHECKING:
    from PIL.Image import Image

    from digits_core.dataset.manifest import DatasetManifest
    from digits_core.service.views.mining import ErrorsView, SimilarView
    from digits_core.spec.change import ChangeSpec
    from digits_core.spec.dataset import Split
    from digits_core.spec.mining import MiningSpec


class PictureName(NamedTuple):
    """What a picture of a dataset is called.

    Attributes:
        split: Its split.
        key: Its key.
        label: Name of its class.
    """

    split: Split
    key: str
    label: str


class Data(Door):
    """Mend datasets."""

    def change_dataset(
        self,
        dataset: str,
        request: ChangeSpec | Mapping[str, Any],
        *,
        new_name: str | None = None,
        progress: Progress | None = None,
    ) -> DatasetManifest:
        """Make a new version of a dataset; earlier ones stay as they are, and share what they have in common with it.

        Args:
            dataset: The version that is changed: ``NAME``, the newest, or ``NAME@v0001``.
            request: What is to be done; ``action`` says which of the requests of `digits_core.spec.change` it is.
            new_name: Make a dataset of that name instead, and leave this one alone.
            progress: Is told how far it is; raising from it stops the work and leaves nothing.

        Raises:
            RequestWrong: With what is wrong; nothing is left.
            StateConflict: If another command does not stop changing the dataset.
        """
        from digits_core.dataset.versions import edit_of, make_version
        from digits_core.service.pictures import find_dataset, open_referred
        from digits_core.spec.change import ChangeRequest
        from digits_core.spec.dataset import split_reference

        wanted = parse(ChangeRequest, {"change": request}).change
        find_dataset(self.home, dataset)
        name, version = split_reference(dataset)
        target = None if new_name is None else self.home.dataset_folder(new_name)
        if target is not None and (target.exists() or self._runs.making(target.name) is not None):
            raise NameTaken(f"A dataset {new_name!r} exists already.", hint="Choose another name, or delete it.")
        edit = edit_of(wanted, self.plugins.dataset_sources, lambda other: open_referred(self.home, other))
        folder = self.home.dataset_folder(name)
        return make_version(folder, version, wanted.action, edit, progress or Silence(), target)

    def errors(
        self,
        request: MiningSpec | Mapping[str, Any],
        *,
        count: int = 50,
        by: Literal["margin", "entropy"] = "margin",
        duplicates: bool = True,
        progress: Progress | None = None,
    ) -> ErrorsView:
        """Which pictures a model doubts: wrong labels, confident mistakes, duplicates across splits, unsure ones.

        Args:
            request: The model, and which pictures it is to look at.
            count: Most pictures for each reason.
            by: What tells unsure pictures: two classes equally probable, or many.
            duplicates: Whether splits are compared with each other, for which all of them are looked at.
            progress: Is told how far it is.

        Raises:
            RequestWrong: If the model or dataset is not there, or they do not fit.
        """
        from digits_core.service.doubting import find_errors
        from digits_core.service.mining import open_mine
        from digits_core.spec.mining import MiningSpec

        spec = request if isinstance(request, MiningSpec) else parse(MiningSpec, request)
        mine = open_mine(self.home, self.plugins, spec, progress or Silence())
        return find_errors(mine, spec.split, count, by, compares=duplicates)

    def similar(
        self,
        request: MiningSpec | Mapping[str, Any],
        image: Path,
        *,
        count: int = 9,
        progress: Progress | None = None,
    ) -> SimilarView:
        """The pictures of a dataset that a model finds most like ``image``.

        Args:
            request: The model, and where it is to look.
            image: A picture file.
            count: How many are wanted.
            progress: Is told how far it is; a second search is quick.

        Raises:
            RequestWrong: If the model or dataset is not there, they do not fit, or the picture cannot be read.
        """
        from digits_core.service.mining import find_similar, open_mine
        from digits_core.spec.mining import MiningSpec

        spec = request if isinstance(request, MiningSpec) else parse(MiningSpec, request)
        mine = open_mine(self.home, self.plugins, spec, progress or Silence())
        return find_similar(mine, image, spec.split, count)

    def has_looked(self, request: MiningSpec | Mapping[str, Any]) -> bool:
        """Whether a model has looked at these pictures before, so that `similar` is quick.

        Args:
            request: The model, and the pictures.

        Raises:
            RequestWrong: If the model or dataset is not there, or they do not fit.
        """
        from digits_core.service.mining import open_mine
        from digits_core.spec.mining import MiningSpec

        spec = request if isinstance(request, MiningSpec) else parse(MiningSpec, request)
        return open_mine(self.home, self.plugins, spec, Silence()).has_seen(spec.split)

    def sheet(self, found: ErrorsView | SimilarView) -> Image | None:
        """The pictures of what `errors` or `similar` found, with captions; None where nothing was found."""
        from digits_core.service.finding_sheets import errors_sheet, similar_sheet
        from digits_core.service.views.mining import SimilarView

        return similar_sheet(self.home, found) if isinstance(found, SimilarView) else errors_sheet(self.home, found)

    def keys(self, dataset: str) -> tuple[PictureName, ...]:
        """What every picture of a dataset is called, and its class, split by split in order.

        Raises:
            NameUnknown: If there is none of that name.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.pictures import open_referred
        from digits_core.spec.dataset import SPLITS

        opened = open_referred(self.home, dataset)
        labels = opened.manifest.labels
        readers = [(split, opened.split(split)) for split in SPLITS]
        return tuple(
            PictureName(split, key, labels[label])
            for split, reader in readers
            for key, label in zip(reader.keys().to_pylist(), reader.labels.tolist(), strict=True)
        )

    def history(self, dataset: str) -> tuple[DatasetManifest, ...]:
        """Every version of a dataset, oldest first.

        Raises:
            NameUnknown: If there is none of that name.
            DatasetUnusable: If the manifest of a version is damaged.
        """
        from digits_core.dataset.versions import history
        from digits_core.service.pictures import find_dataset

        return history(self.home.dataset_folder(find_dataset(self.home, dataset).name))
