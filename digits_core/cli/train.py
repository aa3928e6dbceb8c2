"""``digits train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digits_core.cli.options import Augment, Coordinator, Json, NodeRank, Nodes, ScaleRate, batch_size

SOLVER_HELP = (
    "sgd, nesterov, adagrad, rmsprop, adadelta, adam, adamw, lion, lars, lamb, or one of a plugin. [default: sgd]"
)


def train(
    dataset: Annotated[str | None, typer.Argument(help="Name of a dataset.", show_default=False)] = None,
    network: Annotated[
        str | None, typer.Argument(help="Name of a network (NAME:key=value sets a param), or a file; none with --from.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Model to start from: JOB, JOB@best, an imported model, an archive, or a file."),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A job file (YAML or JSON); flags go over it.")] = None,
    backend: Annotated[str | None, typer.Option(help="torch, jax, tensorflow, numpy. [default: auto]")] = None,
    devices: Annotated[
        str | None, typer.Option(help="auto, cpu, gpu:2 (any two), gpu:0,3 (these). [default: auto]")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the job. [default: DATASET-NETWORK]")] = None,
    epochs: Annotated[float | None, typer.Option(help="Times every picture is used. [default: 30]")] = None,
    batch: Annotated[
        str | None, typer.Option(callback=batch_size, help="Pictures per step; auto: tries what fits. [default: 64]")
    ] = None,
    solver: Annotated[str | None, typer.Option(help=SOLVER_HELP)] = None,
    lr: Annotated[float | None, typer.Option(help="Base learning rate. [default: the solver's; sgd: 0.01]")] = None,
    find_rate: Annotated[
        bool, typer.Option("--find-rate", help="Try rising rates, and train with what they say.")
    ] = False,
    scale_rate: ScaleRate = False,
    momentum: Annotated[float | None, typer.Option(help="For sgd, nesterov and lars. [default: 0.9]")] = None,
    decay: Annotated[float | None, typer.Option(help="Weight decay. [default: rate / 100, or the solver's]")] = None,
    decay_on: Annotated[str | None, typer.Option(help="Weights that decay: all, kernels. [default: all]")] = None,
    freeze: Annotated[
        list[str] | None, typer.Option(help="Layers that stay as they are: 'conv*'; may be repeated.")
    ] = None,
    average: Annotated[
        float | None, typer.Option(help="Memory of a moving average of the weights: 0.999. [default: none is kept]")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="fixed, step, multistep, exp, inv, poly, sigmoid, cosine. [default: step]")
    ] = None,
    warmup: Annotated[float | None, typer.Option(help="Percent of training in which the rate rises.")] = None,
    mean: Annotated[str | None, typer.Option(help="none, pixel, image. [default: image]")] = None,
    crop: Annotated[int | None, typer.Option(help="Side of a square crop. [default: the whole picture]")] = None,
    augment: Augment = None,
    precision: Annotated[str | None, typer.Option(help="fp32, fp64, bf16, fp16. [default: fp32]")] = None,
    accumulate: Annotated[
        int | None, typer.Option(help="Parts that a batch is worked through in. [default: 1]")
    ] = None,
    clip: Annotated[float | None, typer.Option(help="Largest norm of the gradient. [default: any]")] = None,
    compile: Annotated[str | None, typer.Option(help="auto, on, off. [default: auto]")] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of the target that all classes have. [default: the network's]")
    ] = None,
    class_weights: Annotated[
        str | None, typer.Option(help="none, balanced: the rarer a class, the more it counts. [default: none]")
    ] = None,
    sampling: Annotated[
        str | None, typer.Option(help="uniform, balanced: every class equally often. [default: uniform]")
    ] = None,
    mixup: Annotated[float | None, typer.Option(help="Blend pictures in pairs; alpha, for example 0.2.")] = None,
    cutmix: Annotated[float | None, typer.Option(help="Paste parts of other pictures; alpha, for example 1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides weights, order, crops, dropout. [default: 0]")] = None,
    validate_every: Annotated[float | None, typer.Option(help="Epochs; 0: never. [default: 1]")] = None,
    snapshot_every: Annotated[float | None, typer.Option(help="Epochs; 0: at the end only. [default: 1]")] = None,
    keep: Annotated[int | None, typer.Option(help="Newest snapshots that stay. [default: 5]")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many validations without improvement. [default: never]")
    ] = None,
    priority: Annotated[int | None, typer.Option(help="Higher ones are started first. [default: 0]")] = None,
    retries: Annotated[int | None, typer.Option(help="Times to go on by itself after a failure. [default: 0]")] = None,
    track: Annotated[
        list[str] | None, typer.Option(help="Tell a tracker: tensorboard, mlflow, csv, none; may be repeated.")
    ] = None,
    nodes: Nodes = None,
    node_rank: NodeRank = None,
    coordinator: Coordinator = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job and return at once.")] = False,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="Any key of a job: schedule.gamma=0.5; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Train a network on a dataset. Ctrl-C pauses with a snapshot; a second one stops at once."""
    from digits_core.cli.augment import augment_flags
    from digits_core.cli.request import job_request, rate_wish, tracker_flags
    from digits_core.cli.running import carry, find_own_place, queue
    from digits_core.cli.training_progress import TrainingLines
    from digits_core.service.digits import Digits

    flags = {
        "dataset": dataset,
        "network": network,
        "start": start,
        "name": name,
        "backend": backend,
        "devices": devices,
        "epochs": epochs,
        "batch": batch,
        "solver.name": solver,
        "solver.rate": lr,
        "solver.momentum": momentum,
        "solver.decay": decay,
        "schedule.policy": policy,
        "schedule.warmup": warmup,
        "data.mean": mean,
        "data.crop": crop,
        **augment_flags(augment),
        "targets.label_smoothing": label_smoothing,
        "targets.class_weights": class_weights,
        "targets.sampling": sampling,
        "targets.mixup": mixup,
        "targets.cutmix": cutmix,
        "options.precision": precision,
        "options.compile": compile,
        "options.accumulate": accumulate,
        "solver.clip": clip,
        "solver.average": average,
        "decay_on": decay_on,
        "freeze": freeze or None,
        "priority": priority,
        "retries": retries,
        "track": tracker_flags(track),
        "seed": seed,
        "validate_every": validate_every,
        "snapshots.every": snapshot_every,
        "snapshots.keep": keep,
        "early_stopping.patience": patience,
    }
    # A job file is data and may come from anybody; a Python file is run only where it is named by hand.
    digits = Digits(runs_code=network is not None and network.endswith(".py"))
    place = find_own_place(digits, nodes, node_rank, coordinator, detach=detach)
    request = job_request(file, flags, set or [])
    where, rate = str(file) if file else "", rate_wish(find=find_rate, scale=scale_rate, given=lr is not None)
    if detach:
        return queue(
            digits, lambda: digits.submit(request, watcher=TrainingLines(), where=where, rate=rate), json_wanted=json
        )
    carry(
        digits,
        lambda watcher: digits.train(request, watcher=watcher, where=where, place=place, rate=rate),
        json_wanted=json,
    )
