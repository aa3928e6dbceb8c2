"""Pictures that a model is shown, as files for as long as it looks."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

from pydantic import Field, model_validator

from digits_core.spec.dataset import DatasetReference, Split
from digits_core.spec.model import Spec
from digits_web.outside import place_of, uploads_of
from digits_web.web import Web


class ShownPicture(Spec):
    """One picture: a file, or one of a dataset."""

    file: str = Field(default="", max_length=4000)
    """`upload:ID`, an address, or an absolute path within folders that the server may read."""
    dataset: DatasetReference | None = None
    """A dataset, instead."""
    split: Split = "val"
    """Of which split."""
    index: int = Field(default=0, ge=0, le=2**53)
    """Its place in it, from 0."""

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if bool(self.file) == bool(self.dataset):
            found = "both" if self.file else "neither"
            raise ValueError(f"A picture is expected as a file or of a dataset, found {found}. Name one of the two.")
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return self.file or f"{self.dataset}/{self.split}/{self.index}"

    @contextmanager
    def file_of(self, web: Web) -> Iterator[Path]:
        """It as a file, for as long as the block lasts.

        Args:
            web: Whose datasets, uploads and folders.

        Raises:
            DigitsError: If there is none, or it may not be read.
        """
        data = self._fetched(web)
        if data is None:
            yield place_of(web, self.file)
            return
        with tempfile.TemporaryDirectory(prefix="digits-") as folder:
            path = Path(folder) / "picture"
            path.write_bytes(data)
            yield path

    def lasting(self, web: Web, by: str) -> Path:
        """It as a file that outlives the request: what is no file yet is kept as uploads are.

        Args:
            web: Whose datasets, uploads and folders.
            by: Who asks.

        Raises:
            DigitsError: If there is none, or it may not be read.
        """
        data = self._fetched(web)
        if data is None:
            return place_of(web, self.file)
        uploads = uploads_of(web)
        return uploads.path(uploads.keep("picture", io.BytesIO(data), by).id)

    def _fetched(self, web: Web) -> bytes | None:
        """The picture, where it is no file of the server."""
        if self.dataset is not None:
            return web.digits.picture(self.dataset, self.split, self.index)
        if self.file.startswith(("http://", "https://")):
            return web.digits.download(self.file, allow_private=web.settings.allow_private)
        return None


@contextmanager
def kept(files: Sequence[BinaryIO]) -> Iterator[tuple[Path, ...]]:
    """Files of a request on the disk, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="digits-") as folder:
        places = tuple(Path(folder) / f"{number}" for number in range(len(files)))
        for place, file in zip(places, files, strict=True):
            with open(place, "wb") as target:
                shutil.copyfileobj(file, target)
        yield places
