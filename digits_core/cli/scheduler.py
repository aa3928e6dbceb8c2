"""``digits scheduler``."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import say, show


def scheduler(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing is left to do.")] = False,
    json: Json = False,
) -> None:
    """Start queued jobs whenever their devices are free; Ctrl-C ends the scheduler, not the jobs."""
    from digits_core.service.digits import Digits

    digits = Digits()
    schedule = digits.schedule()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: schedule.end())
    say(f"Scheduling the jobs of {digits.home.path}. Ctrl-C ends this, not the jobs.")
    schedule.run(until_idle=until_idle)
    show({"home": str(digits.home.path)}, "The scheduler has ended.", json_wanted=json)
