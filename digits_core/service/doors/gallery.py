"""Datasets looked at: their pictures, what training makes of them, and what one would hold before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from PIL.Image import Image

    from digits_core.service.source_looks import SourceLooks
    from digits_core.service.views.datasets import GalleryView, SkippedView, SourcePreviewView
    from digits_core.spec.dataset import Split
    from digits_core.spec.job import DataOptions


class Gallery(Door):
    """Look at pictures."""

    def gallery(
        self,
        dataset: str,
        *,
        split: Split = "train",
        label: str | None = None,
        query: str = "",
        page: int = 0,
        count: int = 60,
    ) -> GalleryView:
        """One page of the pictures of a split.

        Args:
            dataset: ``NAME``, the newest version, or ``NAME@v0001``.
            split: Whose pictures.
            label: Of this class only.
            query: Part of the key in any case, or a pattern such as ``cat/*``; empty: any.
            page: Which page, from 0; one beyond the last is empty.
            count: Pictures on a page.

        Raises:
            NameUnknown: If there is no such dataset, split or class.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.galleries import gallery_page

        return gallery_page(self.home, dataset, split, label, query, page, count)

    def picture(self, dataset: str, split: Split, index: int, *, size: int | None = None) -> bytes:
        """One picture as PNG, as training reads it.

        Args:
            dataset: ``NAME``, the newest version, or ``NAME@v0001``.
            split: Its split.
            index: Its place in the split, from 0.
            size: Most pixels of its longer side; empty: as it is.

        Raises:
            NameUnknown: If there is no such dataset, split or picture.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.galleries import picture_png

        return picture_png(self.home, dataset, split, index, size)

    def mean_image(self, dataset: str) -> bytes:
        """The mean of the training pictures as PNG.

        Raises:
            NameUnknown: If there is no such dataset.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.galleries import mean_png

        return mean_png(self.home, dataset)

    def skipped(self, dataset: str) -> tuple[SkippedView, ...]:
        """The pictures that could not be read when this version, or one that it came from, was made, and why.

        Raises:
            NameUnknown: If there is no such dataset.
            DatasetUnusable: If it is damaged.
        """
        from digits_core.service.galleries import skipped_pictures

        return skipped_pictures(self.home, dataset)

    def augmented(
        self,
        dataset: str,
        augmentations: DataOptions | Mapping[str, Any],
        *,
        split: Split = "train",
        label: str | None = None,
        count: int = 6,
        page: int = 0,
        epochs: int = 5,
        seed: int = 0,
    ) -> Image:
        """Pictures, each beside what the first epochs of a job make of it.

        Args:
            dataset: ``NAME``, the newest version, or ``NAME@v0001``.
            augmentations: What the job does to pictures: its ``data``.
            split: Whose pictures; training changes those of its own split only.
            label: Of this class only.
            count: Pictures on a page.
            page: Which page, from 0.
            epochs: How many epochs to show.
            seed: The job's seed.

        Raises:
            RequestWrong: With everything that is wrong.
        """
        from digits_core.service.exploring import Shown, explore_augmented
        from digits_core.service.pictures import open_referred

        opened = open_referred(self.home, dataset)
        shown = Shown(split, label, count, page, epochs)
        return explore_augmented(opened, augmentations, seed, self.plugins, shown)

    @cached_property
    def _looks(self) -> SourceLooks:
        from digits_core.service.source_looks import SourceLooks

        return SourceLooks(self.plugins)

    def preview_source(self, request: Mapping[str, Any], *, patience_s: float = 5.0) -> SourcePreviewView:
        """What the creation of a dataset would find, and what is wrong with the request; makes nothing.

        Args:
            request: What is asked for; it may be unfinished.
            patience_s: How long its sources may take to be listed; the next call goes on waiting for the same listing.
        """
        from digits_core.service.source_preview import preview_source

        return preview_source(request, self.home, self.plugins, self._looks, patience_s)

    def source_picture(self, request: Mapping[str, Any], number: int) -> bytes:
        """One of the pictures that `preview_source` offers: the content of its file, or its pixels as PNG.

        Args:
            request: The same request.
            number: The picture's.

        Raises:
            NameUnknown: If there is no such picture.
            SourceInvalid: If it cannot be read.
        """
        from digits_core.service.source_preview import source_picture

        return source_picture(request, number, self._looks)

    def preview(self, picture: bytes, form: Mapping[str, Any]) -> bytes:
        """A picture as PNG of the form that a dataset would keep it in.

        Args:
            picture: Content of a picture file.
            form: ``width``, ``height``, ``channels`` and ``resize`` as in the request for a dataset; each has the
                same default.

        Raises:
            SpecInvalid: If the form is wrong.
            SourceInvalid: If the picture cannot be read.
        """
        from digits_core.service.source_preview import preview

        return preview(picture, form)
