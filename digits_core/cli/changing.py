"""``digits dataset relabel|exclude|select|append|merge``: new versions of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from digits_core.cli.options import DatasetName, Json
from digits_core.cli.output import say, show

As = Annotated[
    str | None, typer.Option("--as", help="Make a new dataset of this name. [default: a new version of this one]")
]
File = Annotated[
    Path | None, typer.Option(help="CSV file with a column key, as digits errors writes, or a key a line.")
]
Reason = Annotated[
    str | None, typer.Option(help="Rows of --file with this reason only: mistake,label,duplicate,unsure.")
]
Splits = Annotated[str | None, typer.Option(help="Splits: train, val, test; with commas. [default: all]")]


def relabel(
    name: DatasetName,
    pictures: Annotated[
        list[str] | None, typer.Argument(help="KEY=CLASS; KEY may be a pattern such as 'cat/*'.")
    ] = None,
    file: File = None,
    reason: Reason = None,
    rename: Annotated[list[str] | None, typer.Option(help="OLD=NEW: give a class another name, or join two.")] = None,
    new_name: As = None,
    json: Json = False,
) -> None:
    """Give pictures other classes, which may be new ones; of a file the column `to` says which."""
    listed = _listed(file, reason)
    told = [item for item in listed if item["to"]]
    if listed and not told:
        raise typer.BadParameter(f"No row of {file} has a class in the column to.")
    if listed and len(told) < len(listed):
        say(f"{len(listed) - len(told):,} rows of {file} have no class in the column to; they stay as they are.")
    given = [{"key": key, "to": to} for key, to in map(_pair, pictures or ())]
    classes = dict(_pair(text) for text in rename or ())
    _change(name, {"action": "relabel", "pictures": [*told, *given], "classes": classes}, new_name, json_wanted=json)


def exclude(
    name: DatasetName,
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of pictures, or patterns such as 'cat/*'.")] = None,
    file: File = None,
    reason: Reason = None,
    label: Annotated[list[str] | None, typer.Option(help="Leave out all pictures of this class.")] = None,
    split: Splits = None,
    new_name: As = None,
    json: Json = False,
) -> None:
    """Leave pictures out."""
    pictures = [*_listed(file, reason, chosen=True), *({"key": key} for key in keys or ())]
    if not pictures and not label:
        raise typer.BadParameter("Name pictures by their keys, with --file or with --label.")
    request = {"action": "exclude", "pictures": pictures, "classes": label or (), "splits": _words(split)}
    _change(name, request, new_name, json_wanted=json)


def select(
    name: DatasetName,
    label: Annotated[list[str] | None, typer.Option(help="Keep this class; may be given again.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="Keep pictures of this key or pattern; may be given again.")
    ] = None,
    split: Splits = None,
    max_per_class: Annotated[int | None, typer.Option(help="Most pictures of a class in a split.")] = None,
    count: Annotated[int | None, typer.Option(help="Most pictures in a split.")] = None,
    seed: Annotated[int, typer.Option(help="Decides what is drawn.")] = 0,
    new_name: As = None,
    json: Json = False,
) -> None:
    """Keep only pictures that meet every condition, and the classes that have any.

    Without a condition an old version, NAME@v0001, becomes the newest again.
    """
    request = {
        "action": "select",
        "classes": label or (),
        "keys": key or (),
        "splits": _words(split),
        "max_per_class": max_per_class,
        "count": count,
        "seed": seed,
    }
    _change(name, request, new_name, json_wanted=json)


def append(
    name: DatasetName,
    paths: Annotated[list[Path], typer.Argument(help="Folders, lists or IDX folders, as for digits dataset create.")],
    split: Annotated[str | None, typer.Option(help="Put all into train, val or test. [default: divide them]")] = None,
    val: Annotated[
        float | None, typer.Option(help="Percent that validates. [default: as the dataset was made]")
    ] = None,
    test: Annotated[
        float | None, typer.Option(help="Percent kept for tests. [default: as the dataset was made]")
    ] = None,
    source: Annotated[str, typer.Option(help="auto, folder, list, idx, …")] = "auto",
    labels: Annotated[Path | None, typer.Option(help="For lists: file whose line i names label i.")] = None,
    prefix: Annotated[Path | None, typer.Option(help="For lists: where relative paths start from.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the split.")] = 0,
    new_name: As = None,
    json: Json = False,
) -> None:
    """Add pictures; classes that are not there come after those that are."""
    request = {
        "action": "append",
        "paths": tuple(paths),
        "split": split,
        "val": val,
        "test": test,
        "source": source,
        "labels": labels,
        "prefix": prefix,
        "seed": seed,
    }
    _change(name, request, new_name, json_wanted=json)


def merge(
    name: DatasetName,
    other: Annotated[str, typer.Argument(help="The other dataset, of the same size and encoding.")],
    new_name: As = None,
    json: Json = False,
) -> None:
    """Add the pictures of another dataset, each to its split; classes of one name are one."""
    _change(name, {"action": "merge", "dataset": other}, new_name, json_wanted=json)


def _change(name: str, request: dict[str, Any], new_name: str | None, *, json_wanted: bool) -> None:
    from digits_core.cli.dataset import describe
    from digits_core.cli.progress import dataset_progress
    from digits_core.service.digits import Digits

    with dataset_progress() as progress:
        manifest = Digits().change_dataset(name, request, new_name=new_name, progress=progress)
    if manifest.change:
        say(f"{manifest.reference} is {manifest.change.parent} with {manifest.change.summary}.")
    if manifest.skipped:
        say(f"{manifest.skipped} pictures could not be read; skipped.csv in the version's folder says which and why.")
    show(manifest.summary(), describe(manifest), json_wanted=json_wanted)


def _listed(file: Path | None, reason: str | None, *, chosen: bool = False) -> list[dict[str, Any]]:
    """Pictures of a file; with ``chosen`` a file of several reasons is refused unless one is named."""
    from digits_core.service.references import read_references

    if file is None:
        return []
    return [item.model_dump() for item in read_references(file, _words(reason), chosen=chosen)]


def _pair(text: str) -> tuple[str, str]:
    key, _, to = text.rpartition("=")
    if not key or not to:
        raise typer.BadParameter(f"{text!r} is not of the form KEY=CLASS.")
    return key, to


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
