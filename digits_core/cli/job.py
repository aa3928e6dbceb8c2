"""``digits job …``."""

from __future__ import annotations

from typing import Annotated

import typer

from digits_core.cli.options import JobName, Json
from digits_core.cli.output import number, percent, say, show, table

app = typer.Typer(help="Look at jobs, pause and resume them.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_jobs(json: Json = False) -> None:
    """List jobs."""
    from digits_core.service.digits import Digits

    views = Digits().jobs()
    rows = [
        (
            view.name,
            view.state,
            view.backend,
            view.network,
            view.dataset,
            f"{view.epoch:.2f}/{view.epochs:g}",
            percent(view.metrics.get("val/accuracy")),
            number(view.images_per_second, ",.0f"),
            view.created,
        )
        for view in views
    ]
    header = ("name", "state", "backend", "network", "dataset", "epoch", "val accuracy", "images/s", "created")
    text = table(header, rows, empty="There are no jobs yet. Start one: digits train DATASET NETWORK")
    show({"jobs": [view.to_dict() for view in views]}, text, json_wanted=json)


@app.command("show")
def show_job(job: JobName, json: Json = False) -> None:
    """Show where a job stands."""
    from digits_core.cli.running import describe
    from digits_core.service.digits import Digits

    view = Digits().job(job)
    show(view.to_dict(), describe(view), json_wanted=json)


@app.command("watch")
def watch(job: JobName, json: Json = False) -> None:
    """Follow a running job to its end; Ctrl-C stops watching, not the job."""
    from digits_core.cli.progress import training_progress
    from digits_core.cli.running import describe, status_of
    from digits_core.service.digits import Digits

    with training_progress() as watcher:
        view = Digits().watch(job, watcher=watcher)
    show(view.to_dict(), describe(view), json_wanted=json)
    raise typer.Exit(status_of(view))


@app.command("log")
def log(job: JobName, json: Json = False) -> None:
    """Print what the job's workers printed."""
    from digits_core.service.digits import Digits

    text = Digits().log(job)
    show({"job": job, "log": text}, text.rstrip("\n"), json_wanted=json)


@app.command("pause")
def pause(job: JobName, json: Json = False) -> None:
    """Let a running job save a snapshot and stop, and wait until it has."""
    from digits_core.cli.running import describe
    from digits_core.service.digits import Digits

    digits = Digits()
    digits.pause(job)
    say(f"Asked job {job} to pause.")
    view = digits.watch(job)
    show(view.to_dict(), describe(view), json_wanted=json)


@app.command("resume")
def resume(
    job: JobName,
    backend: Annotated[str | None, typer.Option(help="Go on in another backend.")] = None,
    devices: Annotated[str | None, typer.Option(help="Go on on other devices.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Go on from the newest snapshot, or follow the run that there is."""
    from digits_core.cli.running import carry, queue
    from digits_core.service.digits import Digits

    digits = Digits()
    if detach:
        return queue(
            digits, lambda: digits.resume(job, backend=backend, devices=devices, detach=True), json_wanted=json
        )
    carry(
        digits,
        lambda watcher: digits.resume(job, backend=backend, devices=devices, watcher=watcher),
        json_wanted=json,
    )


@app.command("clone")
def clone(
    job: JobName,
    name: Annotated[str | None, typer.Option(help="Name of the new job. [default: DATASET-NETWORK]")] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="A key that differs: solver.rate=0.001; may be repeated.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Train anew what another job was asked to train, with some keys changed."""
    from digits_core.cli.request import with_settings
    from digits_core.cli.running import carry, queue
    from digits_core.service.digits import Digits

    digits = Digits()
    request = with_settings(digits.clone(job, {"name": name}), set or [])
    if detach:
        return queue(digits, lambda: digits.submit(request), json_wanted=json)
    carry(digits, lambda watcher: digits.train(request, watcher=watcher), json_wanted=json)


@app.command("rename")
def rename(job: JobName, name: Annotated[str, typer.Argument(help="The new name.")], json: Json = False) -> None:
    """Give a job another name."""
    from digits_core.service.digits import Digits

    view = Digits().rename(job, name)
    show(view.to_dict(), f"Job {job} is now called {view.name}.", json_wanted=json)


@app.command("abort")
def abort(job: JobName, json: Json = False) -> None:
    """Stop a job for good."""
    from digits_core.cli.running import describe
    from digits_core.service.digits import Digits

    view = Digits().abort(job)
    show(view.to_dict(), describe(view), json_wanted=json)


@app.command("delete")
def delete(job: JobName, json: Json = False) -> None:
    """Delete a job with its snapshots."""
    from digits_core.service.digits import Digits

    Digits().delete_job(job)
    show({"deleted": job}, f"Deleted job {job}.", json_wanted=json)
