"""Carrying a run on the command line: progress, interruption, and the report at its end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Self

import typer

from digits_core.cli.output import about_lines, percent, say, show, with_unit
from digits_core.cli.starting import deed_of, describe_start
from digits_core.cli.training_progress import training_progress
from digits_core.errors import DigitsError, SpecInvalid
from digits_core.units import format_bytes

if TYPE_CHECKING:
    from digits_core.events.journal import Recorded
    from digits_core.scheduling.nodes import Place
    from digits_core.service.digits import Digits
    from digits_core.service.views.jobs import JobView, UsageView
    from digits_core.service.watcher import Watcher

INTERRUPTED = 130
#: Most devices whose usage is told.
MOST_DEVICES = 4
#: What to do with what a job has done, by its kind.
NEXT = {
    "train": "digits classify {name}@best IMAGE",
    "dataset": "digits train {dataset} NETWORK",
    "evaluation": "digits job show {name}",
    "version": "digits train {dataset} NETWORK",
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def carry(digits: Digits, run: Callable[[Watcher], JobView], *, json_wanted: bool) -> None:
    """Run, show progress, let signals pause, print the result, and leave with the exit status that it deserves."""
    with training_progress() as progress, Interruption(digits, progress) as interruption:
        view = run(interruption)
    if view.error:
        say(f"Error: {view.error.message} {view.error.hint}".rstrip())
    show(view.to_dict(), describe(view), json_wanted=json_wanted)
    if interruption.count and view.state != "done":
        say(f"Job {view.name} is {view.state}. Go on with: digits job resume {view.name}")
        raise typer.Exit(INTERRUPTED)
    if status := status_of(view):
        raise typer.Exit(status)


def find_own_place(
    digits: Digits, nodes: str | None, rank: int | None, coordinator: str | None, *, detach: bool
) -> Place:
    """Which of several machines this one is; leaves at once where another process of this machine does the work.

    Raises:
        SpecInvalid: With everything that is wrong.
    """
    place = digits.place(nodes, rank, coordinator)
    if not place.acts:
        say("Nothing to do here: the first process on this machine trains on all devices that were asked for.")
        raise typer.Exit
    if detach and place.count > 1:
        hint = "Leave it out: each machine's command carries its share of the job."
        raise SpecInvalid("--detach expects one node, found several.", where="--detach", hint=hint)
    return place


def queue(digits: Digits, submit: Callable[[], JobView], *, json_wanted: bool) -> None:
    """Let a job wait for its turn, and see to it that somebody starts it."""
    view = submit()
    process = digits.ensure_scheduler()
    if process is not None:
        say(f"Started a scheduler in the background (process {process}); it ends when nothing is left to do.")
    if view.start:
        say(describe_start(view.start))
    show(view.to_dict(), f"Job {view.name} is queued. Follow it: digits job watch {view.name}", json_wanted=json_wanted)


class Interruption:
    """Passes on what a watcher is told, and turns signals into requests to the job.

    The first signal asks for a pause, which ends in a snapshot; a second Ctrl-C ends the worker at once.

    Args:
        digits: The service that runs the job.
        watcher: Who is told.
    """

    def __init__(self, digits: Digits, watcher: Watcher) -> None:
        self.count = 0
        self._digits = digits
        self._watcher = watcher
        self._job = ""
        self._before = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *reason: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def started(self, job: JobView) -> None:
        """The job has a folder now, through which it can be asked."""
        self._job = job.job
        self._watcher.started(job)

    def recorded(self, item: Recorded) -> None:
        """Pass it on."""
        self._watcher.recorded(item)

    def noted(self, message: str) -> None:
        """Pass it on."""
        self._watcher.noted(message)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._job:
            raise KeyboardInterrupt
        self.count += 1
        at_once = self.count > 1 and number == signal.SIGINT
        try:
            self._digits.interrupt(self._job, at_once=at_once)
        except DigitsError as reason:
            self.noted(str(reason))
        self.noted(
            "Stopped by you; the newest snapshot before stays."
            if at_once
            else "Pausing after a snapshot. Ctrl-C again stops at once."
        )


def status_of(view: JobView) -> int:
    """The exit status that a job's end deserves."""
    if view.error:
        return view.error.exit_status or 1
    return 0 if view.state in ("done", "queued", "starting", "running") else 1


def describe(view: JobView) -> str:
    """A job for people, a few lines."""
    lines = [f"Job {view.name}: {view.state}", *about_lines(view.description, view.tags, view.owner), *_work(view)]
    if view.priority:
        lines.append(f"  priority   {view.priority}")
    if view.queue_position:
        lines.append(f"  queue      number {view.queue_position}; waits for {view.waits_for}")
    if view.metrics:
        lines.append("  metrics    " + ", ".join(_metric(name, value) for name, value in view.metrics.items()))
    if view.images_per_second:
        lines.append(f"  speed      {view.images_per_second:,.0f} images/s")
    if view.compilation:
        lines.append(f"  compile    {view.compilation}")
    if view.usage:
        lines.append(f"  usage      {describe_usage(view.usage)}")
    if view.best:
        accuracy = percent(view.best.metrics.get("val/accuracy"))
        lines.append(f"  best       {view.best.name} {accuracy}".rstrip())
    if view.snapshots:
        lines.append(f"  snapshots  {', '.join(snapshot.name for snapshot in view.snapshots)}")
    lines += [f"  tracker    {tracker.name}: {tracker.where or 'not begun'}" for tracker in view.trackers]
    lines += [f"  note       {note}" for note in view.notes]
    if view.error:
        lines.append(f"  error      {view.error.message} {view.error.hint}".rstrip())
    if view.state == "done":
        next = NEXT.get(view.kind, "digits serve, and open its page")
        lines += [f"  next       {next.format(name=view.name, dataset=view.dataset)}"]
    elif view.state in ("paused", "queued") or (view.state == "failed" and not (view.error and view.error.hint)):
        lines.append(f"  next       digits job resume {view.name}")
    return "\n".join(lines)


def _work(view: JobView) -> list[str]:
    """What a job works on and how far it is."""
    where = f" on {', '.join(view.devices)}" if view.devices else ""
    of = f" of {view.total_steps:,}" if view.total_steps else ""
    backend = f"  backend    {view.backend}{where}, run {view.runs}"
    if deed := deed_of(view):
        far = ": ".join(filter(None, (view.doing, f"{view.step:,}{of} pictures" if view.step or of else "")))
        lines = (f"  {deed[0]:<10} {deed[1]}", backend if view.backend else "", f"  progress   {far}" if far else "")
        return [line for line in lines if line]
    return [
        f"  network    {view.network} on dataset {view.dataset}",
        backend,
        f"  progress   epoch {view.epoch:.2f} of {view.epochs:g}, step {view.step:,}{of}",
    ]


def describe_usage(usage: UsageView) -> str:
    """What a job is busy with, on one line."""
    devices: list[str] = []
    for device in usage.devices:
        memory = format_bytes(device.memory_used_bytes) if device.memory_used_bytes is not None else ""
        told = (
            with_unit(device.utilization_percent, "%"),
            memory if device.id.startswith("gpu") else "",
            with_unit(device.temperature_c, "°C"),
            with_unit(device.power_w, "W"),
        )
        if any(told) and len(devices) < MOST_DEVICES:
            devices.append(f"{device.id} {', '.join(filter(None, told))}")
    cpu = with_unit(usage.cpu_percent, "%")
    own = ", ".join(filter(None, (f"CPU {cpu}" if cpu else "", f"memory {format_bytes(usage.memory_bytes)}")))
    return "; ".join((own, *devices))


def _metric(name: str, value: float) -> str:
    return f"{name} {percent(value) if name.endswith(('accuracy', 'top5')) else format(value, '.4f')}"
