"""What a request names beyond the home: files of the server within the allowed folders, uploads, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from digits_core.errors import DigitsError, NameUnknown, Problem, SpecInvalid, require
from digits_core.spec.change import ChangeRequest
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.imported import ModelSpec
from digits_core.spec.job import JobSpec
from digits_core.spec.model import Spec, parse
from digits_web.access.person import Person, Role
from digits_web.access.roots import allowed
from digits_web.uploads import SCHEME, Uploads, UploadView, brought_as
from digits_web.web import Web

#: Suffixes of what is a network's or a model's file rather than its name.
_FILES = (".yaml", ".yml", ".json", ".py", ".tar.gz", ".tgz", ".tar.bz2", ".tar", ".zip", ".safetensors")
#: Changes of datasets that read or copy pictures, which takes long; the others share those that are there.
READ_PICTURES = ("append", "merge")
#: Folder of a home with what people have brought.
UPLOADS = "uploads"
_DATASET_PATHS = ("val_path", "test_path", "labels", "prefix")


def uploads_of(web: Web) -> Uploads:
    """What people have brought."""
    return Uploads(web.digits.home.path / UPLOADS)


def keep_upload(web: Web, person: Person, name: str, content: BinaryIO) -> UploadView:
    """Keep what an editor brings, and write down who did.

    Raises:
        AccessDenied: If whoever brings it is no editor.
        SourceInvalid: If it is an archive that cannot be unpacked, or would harm.
        StorageUnusable: If the disk is full, read-only or not ours.
    """
    person.require(Role.EDITOR)
    kept = uploads_of(web).keep(name, content, person.name)
    web.audit(person, "upload", f"{kept.id} {kept.name}")
    return kept


def place_of(web: Web, text: str) -> Path:
    """Where something from outside is.

    Args:
        web: Whose uploads and folders.
        text: ``upload:ID``, with ``/`` and a path for a part of an archive, or an absolute path.

    Raises:
        NameUnknown: If there is no such upload.
        AccessDenied: If it is in no folder that may be read.
    """
    if not text.startswith(SCHEME):
        return allowed(text, web.settings.roots)
    place, rest = upload_of(web, text), text.partition("/")[2]
    return allowed(place / rest, (place,)) if rest else place


def upload_of(web: Web, text: str) -> Path:
    """Where the upload is that ``upload:ID`` names, or a path in it.

    Raises:
        NameUnknown: If there is no such upload.
    """
    return uploads_of(web).path(text.removeprefix(SCHEME).partition("/")[0])


def told_path(web: Web, path: Path) -> str:
    """A path for a person: of an upload its name, since nobody knows where the server kept it."""
    return brought_as(path, web.digits.home.path / UPLOADS) or str(path)


@contextmanager
def told_as_brought(web: Web) -> Iterator[None]:
    """Call uploads what they were called, in whatever is refused within the block."""
    folders = {web.digits.home.path / UPLOADS, (web.digits.home.path / UPLOADS).resolve()}
    kept = re.compile(rf"(?:{'|'.join(re.escape(str(folder)) for folder in folders)})/[0-9a-f]{{16}}/")

    def told(text: str) -> str:
        return kept.sub("", text)

    try:
        yield
    except DigitsError as refused:
        items = (Problem(told(item.message), told(item.where), told(item.hint)) for item in refused.problems)
        raise type(refused)(*items) from None


def is_file(text: str) -> bool:
    """Whether a network or model is named by a file; the text of a network file names none."""
    if "\n" in text:
        return False
    return text.startswith(SCHEME) or "/" in text.partition(":")[0] or text.lower().endswith(_FILES)


def dataset_request(web: Web, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a dataset, or for pictures to be appended, with every path resolved; refuses all that are wrong.

    What these paths name in turn is held to the same folders when it is opened, wherever the dataset is made.

    Raises:
        DigitsError: With every path that may not be read.
    """
    places = _Places(web)
    found = {**asked}
    paths = asked.get("paths")
    if isinstance(paths, list):
        found["paths"] = [places.one(path, f"paths.{number}") for number, path in enumerate(paths)]
    elif paths is not None:
        found["paths"] = paths
    for key in _DATASET_PATHS:
        if asked.get(key) is not None:
            found[key] = places.one(asked[key], key)
    places.settle(ChangeRequest if "action" in asked else DatasetSpec, found)
    if paths is not None:
        found["within"] = list(map(str, places.within))
    return found


def job_request(web: Web, asked: Mapping[str, Any], base: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """The request for a job, with the files that it names resolved.

    Args:
        web: Whose uploads and folders.
        asked: What is asked for.
        base: The request of another job, which stays as it is where nothing else is asked for.

    Raises:
        DigitsError: With everything that may not be asked for here.
    """
    places, found = _Places(web), {**base, **asked}
    for key in ("network", "start"):
        value = asked.get(key)
        if isinstance(value, str) and is_file(value) and not _is_model(web, key, value):
            found[key] = places.one(value, key)
    settings = asked.get("track")
    if isinstance(settings, Mapping) and any(settings.values()):
        # A tracker writes where its settings say, which is for whoever runs the server to decide.
        hint = "Name them alone: their settings are those of the server's home."
        places.problems.append(Problem("Trackers with settings are not taken from requests.", "track", hint))
    places.settle(JobSpec, found)
    return found


def model_request(web: Web, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The request for the import of a model, with every file that it names resolved.

    Raises:
        DigitsError: With every file that may not be read, and with that everything else that is wrong.
    """
    places, found = _Places(web), {**asked}
    paths, network = asked.get("paths"), asked.get("network")
    if isinstance(paths, list):
        found["paths"] = [places.one(path, f"paths.{number}") for number, path in enumerate(paths)]
    for key in ("labels", "mean"):
        found[key] = places.one(asked.get(key), key)
    if isinstance(network, str) and is_file(network):
        found["network"] = places.one(network, "network")
    places.settle(ModelSpec, found)
    return found


def one_file(web: Web, text: str, where: str) -> Path:
    """Where the file is that a request names at ``where``.

    Raises:
        DigitsError: If it may not be read, or there is no such upload.
    """
    places = _Places(web)
    found = Path(places.one(text, where))
    places.settle()
    return found


def pictures(web: Web, images: Sequence[str]) -> tuple[list[str], tuple[Path, ...]]:
    """Pictures to be classified, those that are files resolved, and where all they name has to lie.

    Addresses stay as they are.

    Raises:
        DigitsError: With every file that may not be read.
    """
    places = _Places(web)
    named = enumerate(images)
    found = [
        image if image.startswith(("http://", "https://")) else places.one(image, f"images.{number}")
        for number, image in named
    ]
    places.settle()
    return found, places.within


def model_name(web: Web, text: str) -> str:
    """A model of the home; files of models are not taken by their name.

    Raises:
        NameUnknown: If there is none, or it is named like a file and is none of the home.
    """
    if is_file(text) and not _is_model(web, "start", text):
        raise NameUnknown(f"There is no job or imported model {text!r}.", hint="See /api/v1/jobs and /api/v1/models.")
    web.digits.require_model(text)
    return text


def _is_model(web: Web, key: str, text: str) -> bool:
    home, name = web.digits.home, text.partition("@")[0]
    return key == "start" and (name in home.job_ids() or text in home.model_names())


class _Places:
    """Resolves paths and gathers what is wrong with them."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.problems: list[Problem] = []
        self._kind: type[DigitsError] = SpecInvalid
        self.within = web.settings.roots

    def one(self, value: Any, where: str) -> Any:
        """Where one is; what is no text is left for the service to refuse."""
        if not isinstance(value, str):
            return value
        try:
            found = place_of(self._web, value)
        except DigitsError as refused:
            self._kind = type(refused)
            self.problems += [Problem(item.message, where, item.hint) for item in refused.problems]
            return value
        if value.startswith(SCHEME):
            self.within = (*self.within, upload_of(self._web, value))
        return str(found)

    def settle(self, form: type[Spec] | None = None, asked: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Refuse the request if anything was wrong with its places, and with that tell what else is.

        Args:
            form: What the request has to be like; None: that has been looked at.
            asked: The request.
        """
        if self.problems and form is not None:
            try:
                parse(form, {"change": asked} if form is ChangeRequest else asked)
            except SpecInvalid as wrong:
                self.problems += wrong.problems
        require(self.problems, self._kind)
