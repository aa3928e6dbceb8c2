"""``digits job …``."""

from __future__ import annotations

from typing import Annotated

import typer

from digits_core.cli.options import Coordinator, Description, JobName, Json, NodeRank, Nodes, ScaleRate, Tags
from digits_core.cli.output import number, percent, say, show, table

#: Closed jobs that a list for people has, the newest; nobody reads 10,000 lines.
MOST_CLOSED = 50
EMPTY = "There are no jobs yet. Start one: digits train DATASET NETWORK"

app = typer.Typer(help="Look at jobs, pause and resume them.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_jobs(
    all: Annotated[bool, typer.Option("--all", help="Every one, as --json does anyway.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=0, help=f"Most closed jobs to list, the newest. [default: {MOST_CLOSED}]")
    ] = None,
    json: Json = False,
) -> None:
    """List jobs: all that are open, and the newest of the closed ones."""
    from digits_core.cli.watching import state_of, waiting_lines
    from digits_core.service.listing import list_jobs

    usual = None if all or json else MOST_CLOSED
    found = list_jobs(newest=usual if limit is None or all else limit)
    if json:
        return print(found.to_json())
    views = found.views()
    rows = [
        (
            view.name,
            state_of(view),
            view.backend,
            view.network,
            f"{view.dataset}@{view.dataset_version}" if view.dataset_version else view.dataset,
            f"{view.epoch:.2f}/{view.epochs:g}" if view.kind == "train" else f"{view.epoch:.0%}",
            percent(view.metrics.get("val/accuracy")),
            number(view.images_per_second, ",.0f"),
            view.created,
        )
        for view in views
    ]
    header = ("name", "state", "backend", "network", "dataset", "epoch", "val accuracy", "images/s", "created")
    lines = [table(header, rows, empty="" if found.left_out else EMPTY), *waiting_lines(views)]
    if found.left_out:
        lines.append(f"{found.left_out:,} older closed jobs are left out. See them: digits job list --all")
    print("\n".join(lines))


@app.command("show")
def show_job(job: JobName, json: Json = False) -> None:
    """Show where a job stands."""
    from digits_core.cli.running import describe
    from digits_core.service.digits import Digits

    view = Digits().job(job)
    show(view.to_dict(), describe(view), json_wanted=json)


@app.command("watch")
def watch(
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB]...", help="Names of jobs. [default: all that are open, and those that join]"),
    ] = None,
    json: Json = False,
) -> None:
    """Follow jobs to their end, and start those whose turn it is; Ctrl-C stops watching, not the jobs."""
    from digits_core.cli.running import describe, status_of
    from digits_core.cli.training_progress import training_progress
    from digits_core.cli.watching import watch_jobs
    from digits_core.service.digits import Digits

    if not jobs or len(jobs) > 1:
        return watch_jobs(Digits(), jobs or (), json_wanted=json)
    with training_progress() as watcher:
        view = Digits().watch(jobs[0], watcher=watcher)
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
    nodes: Nodes = None,
    node_rank: NodeRank = None,
    coordinator: Coordinator = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Go on from the newest snapshot, or follow the run that there is."""
    from digits_core.cli.running import carry, find_own_place, queue
    from digits_core.service.digits import Digits

    digits = Digits()
    place = find_own_place(digits, nodes, node_rank, coordinator, detach=detach)
    if detach:
        return queue(
            digits, lambda: digits.resume(job, backend=backend, devices=devices, detach=True), json_wanted=json
        )
    carry(
        digits,
        lambda watcher: digits.resume(job, backend=backend, devices=devices, watcher=watcher, place=place),
        json_wanted=json,
    )


@app.command("clone")
def clone(
    job: JobName,
    name: Annotated[str | None, typer.Option(help="Name of the new job. [default: DATASET-NETWORK]")] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="A key that differs: solver.rate=0.001; may be repeated.")
    ] = None,
    scale_rate: ScaleRate = False,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    json: Json = False,
) -> None:
    """Train anew what another job was asked to train, with some keys changed."""
    from digits_core.cli.request import with_settings
    from digits_core.cli.running import carry, queue
    from digits_core.cli.training_progress import TrainingLines
    from digits_core.service.digits import Digits
    from digits_core.service.rate import RateWish

    digits = Digits(runs_code=True)  # A person asks, and the file is the one that a person named before.
    request = with_settings(digits.clone(job, {"name": name}), set or [])
    for note in digits.clone_notes(job, request):
        say(note)
    rate = RateWish("scaled" if scale_rate else "given", digits.usual(job))
    if detach:
        return queue(digits, lambda: digits.submit(request, watcher=TrainingLines(), rate=rate), json_wanted=json)
    carry(digits, lambda watcher: digits.train(request, watcher=watcher, rate=rate), json_wanted=json)


@app.command("rename")
def rename(job: JobName, name: Annotated[str, typer.Argument(help="The new name.")], json: Json = False) -> None:
    """Give a job another name."""
    from digits_core.service.digits import Digits

    view = Digits().rename(job, name)
    show(view.to_dict(), f"Job {job} is now called {view.name}.", json_wanted=json)


@app.command("describe")
def describe_job(job: JobName, description: Description = None, tag: Tags = None, json: Json = False) -> None:
    """Say something about a job, and give it tags to find it by; nothing that is computed changes."""
    from digits_core.cli.running import describe
    from digits_core.service.digits import Digits

    view = Digits().describe_job(job, description=description, tags=tag)
    show(view.to_dict(), describe(view), json_wanted=json)


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
