"""``digits dataset …``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digits_core.cli import changing
from digits_core.cli.options import Augment, DatasetName, Description, Json, Tags, picture_size
from digits_core.cli.output import about_lines, csv_text, picture_bytes, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.dataset.manifest import DatasetManifest

app = typer.Typer(help="Make datasets from pictures, and look at them.", no_args_is_help=True, rich_markup_mode=None)
app.command("relabel")(changing.relabel)
app.command("exclude")(changing.exclude)
app.command("select")(changing.select)
app.command("append")(changing.append)
app.command("merge")(changing.merge)

Paths = Annotated[list[Path], typer.Argument(help="Folders, lists or IDX folders; several are joined.")]
Size = Annotated[str, typer.Option(help="WIDTHxHEIGHT of the stored pictures; one number makes a square.")]


@app.command("create")
def create(
    name: DatasetName,
    paths: Paths,
    size: Size = "256x256",
    channels: Annotated[int | None, typer.Option(help="1: greyscale, 3: colour. [default: 3]")] = None,
    resize: Annotated[str | None, typer.Option(help="squash, crop, fill or half-crop. [default: squash]")] = None,
    encoding: Annotated[str | None, typer.Option(help="raw, png or jpeg. [default: png]")] = None,
    val: Annotated[float | None, typer.Option(help="Percent that validates. [default: the source's, else 25]")] = None,
    test: Annotated[float | None, typer.Option(help="Percent kept for tests. [default: the source's, else 0]")] = None,
    source: Annotated[str | None, typer.Option(help="auto, folder, list, idx, … [default: auto]")] = None,
    labels: Annotated[Path | None, typer.Option(help="For lists: file whose line i names label i.")] = None,
    prefix: Annotated[Path | None, typer.Option(help="For lists: where relative paths start from.")] = None,
    min_per_class: Annotated[int | None, typer.Option(help="Smaller classes are left out. [default: 2]")] = None,
    max_per_class: Annotated[int | None, typer.Option(help="Pictures beyond are left out.")] = None,
    val_path: Annotated[Path | None, typer.Option(help="Separate validation pictures.")] = None,
    val_min_per_class: Annotated[int | None, typer.Option(help="As --min-per-class, for --val-path.")] = None,
    val_max_per_class: Annotated[int | None, typer.Option(help="As --max-per-class, for --val-path.")] = None,
    test_path: Annotated[Path | None, typer.Option(help="Separate test pictures.")] = None,
    test_min_per_class: Annotated[int | None, typer.Option(help="As --min-per-class, for --test-path.")] = None,
    test_max_per_class: Annotated[int | None, typer.Option(help="As --max-per-class, for --test-path.")] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle/--no-shuffle", help="Shuffle before splitting.")] = True,
    seed: Annotated[int | None, typer.Option(help="Decides the split. [default: 0]")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Let a job in the background make it.")] = False,
    json: Json = False,
) -> None:
    """Make a dataset from pictures; a job may be started on it while it is being made."""
    from digits_core.cli.progress import dataset_progress
    from digits_core.cli.running import queue
    from digits_core.service.digits import Digits

    width, height = picture_size(size)
    request = {
        "name": name,
        "paths": tuple(paths),
        "width": width,
        "height": height,
        "channels": channels,
        "resize": resize,
        "encoding": encoding,
        "val": val,
        "test": test,
        "source": source,
        "labels": labels,
        "prefix": prefix,
        "limits": _limits(min_per_class, max_per_class),
        "val_path": val_path,
        "val_limits": _limits(val_min_per_class, val_max_per_class),
        "test_path": test_path,
        "test_limits": _limits(test_min_per_class, test_max_per_class),
        "shuffle": shuffle,
        "seed": seed,
    }
    given = {key: value for key, value in request.items() if value is not None}
    digits = Digits()
    if detach:
        return queue(digits, lambda: digits.submit_dataset(given), json_wanted=json)
    with dataset_progress() as progress:
        manifest = digits.create_dataset(given, progress=progress)
    if manifest.skipped:
        say(f"{manifest.skipped} pictures could not be read; skipped.csv in the dataset's folder says which and why.")
    show(manifest.summary(), describe(manifest), json_wanted=json)


@app.command("list")
def list_datasets(json: Json = False) -> None:
    """List datasets."""
    from digits_core.service.digits import Digits

    manifests = Digits().datasets()
    rows = [
        (m.name, _shape(m), len(m.classes), m.splits["train"], m.splits["val"], m.splits["test"], m.created)
        for m in manifests
    ]
    header = ("name", "size", "classes", "train", "val", "test", "created")
    text = table(header, rows, empty="There are no datasets yet. Make one: digits dataset create NAME FOLDER")
    show({"datasets": [manifest.summary() for manifest in manifests]}, text, json_wanted=json)


@app.command("show")
def show_dataset(
    name: DatasetName,
    history: Annotated[bool, typer.Option("--history", help="Every version, and what was done.")] = False,
    keys: Annotated[bool, typer.Option("--keys", help="Split, key and class of every picture, as CSV.")] = False,
    json: Json = False,
) -> None:
    """Show what a dataset holds, or a version of it: NAME@v0001."""
    from digits_core.service.digits import Digits

    digits = Digits()
    manifest = digits.dataset(name)
    data, text = manifest.summary(), describe(manifest)
    if history:
        versions = digits.history(name)
        data = {"name": manifest.name, "versions": [version.summary() for version in versions]}
        text = _describe_history(versions)
    if keys:
        pictures = digits.keys(name)
        data = {"name": manifest.name, "version": manifest.version, "pictures": [item._asdict() for item in pictures]}
        text = csv_text(pictures)
    show(data, text, json_wanted=json)


@app.command("explore")
def explore(
    name: DatasetName,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    label: Annotated[str | None, typer.Option(help="Show this class only.")] = None,
    count: Annotated[int | None, typer.Option(help="Pictures on a page. [default: 36, augmented 6]")] = None,
    page: Annotated[int, typer.Option(help="Which page, from 0.")] = 0,
    augmented: Annotated[
        bool, typer.Option("--augmented", help="What training sees of each picture in its first epochs.")
    ] = False,
    augment: Augment = None,
    crop: Annotated[int | None, typer.Option(help="With --augment: side of a square crop.")] = None,
    seed: Annotated[int | None, typer.Option(help="With --augment: seed of the job. [default: 0]")] = None,
    job: Annotated[str | None, typer.Option(help="Show what this job sees.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="How many epochs to show of each picture.")] = 5,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write the PNG. [default: NAME-SPLIT-PAGE.png]")
    ] = None,
    json: Json = False,
) -> None:
    """Write a page of a dataset's pictures with their class names as a PNG."""
    from digits_core.cli.augment import shown
    from digits_core.service.digits import Digits

    digits, kind = Digits(), split
    if augmented or (augment, crop, seed, job) != (None,) * 4:
        kind = "augmented"
        wanted, seed = shown(split, augment, crop, seed, digits.seen_by(job, name) if job else None)
        count = 6 if count is None else count
        sheet = digits.augmented(name, wanted, seed=seed, epochs=epochs, label=label, count=count, page=page)
    else:
        count = 36 if count is None else count
        sheet = digits.explore(name, split=split, label=label, count=count, page=page)  # type: ignore[arg-type]
    target = out or Path(f"{name}-{kind}-{page}.png")
    write_out(target, picture_bytes(sheet))
    data: dict[str, Any] = {"dataset": name, "split": split, "page": page, "file": str(target), "size": sheet.size}
    show(data, f"Wrote {target}.", json_wanted=json)


@app.command("describe")
def describe_dataset(name: DatasetName, description: Description = None, tag: Tags = None, json: Json = False) -> None:
    """Say something about a dataset, and give it tags to find it by; without either, tell what is said."""
    from digits_core.service.digits import Digits

    about = Digits().describe_dataset(name, description=description, tags=tag)
    lines = [f"Dataset {name}", *about_lines(about.description, about.tags, about.owner)]
    show({"name": name, **about.to_dict()}, "\n".join(lines), json_wanted=json)


@app.command("delete")
def delete(name: DatasetName, json: Json = False) -> None:
    """Delete a dataset that no job depends on."""
    from digits_core.service.digits import Digits

    Digits().delete_dataset(name)
    show({"deleted": name}, f"Deleted dataset {name}.", json_wanted=json)


def _limits(least: int | None, most: int | None) -> dict[str, int] | None:
    given = {"min_per_class": least, "max_per_class": most}
    return {key: value for key, value in given.items() if value is not None} or None


def _shape(manifest: DatasetManifest) -> str:
    height, width, channels = manifest.size
    return f"{width}x{height}x{channels}"


def _describe_history(versions: tuple[DatasetManifest, ...]) -> str:
    rows = [(m.version, m.created, *m.splits.values(), m.change.parent if m.change else "", _done(m)) for m in versions]
    return table(("version", "created", "train", "val", "test", "from", "done"), rows)


def _done(manifest: DatasetManifest) -> str:
    return f"{manifest.change.action}: {manifest.change.summary}" if manifest.change else "created"


def describe(manifest: DatasetManifest) -> str:
    """What a version holds, for people."""
    splits = ", ".join(f"{count:,} {split}" for split, count in manifest.splits.items())
    rows = [(item.name, item.train, item.val, item.test) for item in manifest.classes]
    return "\n".join(
        [
            f"Dataset {manifest.name} {manifest.version}: {splits}; {_shape(manifest)} as {manifest.encoding}, "
            f"{manifest.skipped} skipped",
            f"digest {manifest.digest}",
            table(("class", "train", "val", "test"), rows),
        ]
    )
