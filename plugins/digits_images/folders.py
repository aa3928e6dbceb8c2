"""Class folders: each folder directly below the path is a class; pictures anywhere below it belong to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from digits_core.contracts.dataset_source import DatasetSource, Item, Picture, SourceOptions
from digits_core.contracts.picture_file import PICTURE_ENDINGS, find_picture_files, read_picture_file
from digits_core.errors import SourceInvalid
from digits_images.idx import IdxSource

#: The file that a folder with an LMDB database holds; it is no class.
_DATABASE = "data.mdb"


class FolderSource(DatasetSource):
    """One folder of pictures per class.

    Files count by their ending, in any case. Hidden files and folders are left alone, folders without pictures are no
    classes. A class folder may be a link; links to folders below it are not followed, since they may go in circles.

    Args:
        path: The folder that holds the class folders.
        options: ``boundary``, out of which no link may lead.
    """

    name: ClassVar[str] = "folder"
    stays_within: ClassVar[bool] = True

    def __init__(self, path: Path, options: SourceOptions) -> None:
        self._path, self._boundary = path, options.boundary

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` is a folder with folders in it that are no databases, and without IDX files beside them."""
        if not path.is_dir() or IdxSource.recognises(path):
            return False
        return any(not (path / folder / _DATABASE).exists() for folder in _class_folders(path))

    def itemize(self) -> Sequence[Item]:
        """Every picture, sorted by class and path.

        Raises:
            SourceInvalid: If no class folder holds a picture.
        """
        if not self._path.is_dir():
            raise SourceInvalid(f"{self._path} is not a folder.", hint="Give the folder that holds the class folders.")
        items = [
            Item(f"{folder}/{key}", _unicode(folder))
            for folder in sorted(_class_folders(self._path))
            for key in find_picture_files(self._boundary.require(self._path / folder))
        ]
        if not items:
            raise SourceInvalid(
                f"No pictures were found in the folders of {self._path}; known endings: "
                f"{' '.join(sorted(PICTURE_ENDINGS))}.",
                where=str(self._path),
                hint="Put the pictures of each class into a folder of its own.",
            )
        return items

    def read(self, key: str) -> Picture:
        """The bytes of the picture at ``key``, a path relative to the folder."""
        return read_picture_file(os.path.join(self._path, key), self._boundary)


def _class_folders(path: Path) -> Iterator[str]:
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir():
                yield entry.name


def _unicode(name: str) -> str:
    # File names need not be Unicode; class names must be, since they are written to JSON.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
