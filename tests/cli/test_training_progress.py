"""What a terminal shows while training."""

import io

import pytest
from rich.console import Console

from digits_core.cli.progress import progress_bars
from digits_core.cli.training_progress import TrainingBar
from digits_core.events.facts import RunStarted, TrainingLogged
from digits_core.events.journal import Recorded
from digits_core.service.digits import Digits

GOOGLENET = {"loss1.classifier": 1.1012, "loss2.classifier": 1.1203, "loss3.classifier": 1.0904}


def shown(bars):
    """The lines of live bars on a terminal of 80 columns."""
    console = Console(width=80, file=io.StringIO())
    console.print(bars.get_renderable())
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def logged(heads):
    return TrainingLogged(
        step=1234, epoch=12.34, loss=1.7569, accuracy=0.3333, learning_rate=0.01, images_per_second=1234.5, heads=heads,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("heads", "line"),
    [
        ({}, None),
        (GOOGLENET, "loss1 1.1012  loss2 1.1203  loss3 1.0904"),
        ({"main": 0.5, "side": 0.25}, "main 0.5000  side 0.2500"),
    ],
)
def test_a_live_bar_shows_the_loss_of_every_head_in_80_columns(trained, heads, line):
    with progress_bars("{task.fields[status]}", width=9) as bars:
        bar = TrainingBar(bars)
        bar.started(Digits().job("finished"))
        bar.recorded(Recorded(0.0, RunStarted(1, "torch", ("cpu:0",), 0, 5000, 100)))
        bar.recorded(Recorded(0.0, logged(heads)))
        first, *rest = shown(bars)
    assert "epoch 12.34 loss 1.7569 acc 33.33% lr 0.01" in first and "/s" in first
    assert [row.strip() for row in rest] == ([line] if line else [])
