"""The curve that a learning rate was found by: the loss at each rate, with the one that is taken marked."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from digits_core.service.views.jobs import RateView
from digits_web.parts.curves import CurvesChart
from digits_web.parts.smoothing import Curve

#: Where losses above so many times the first one are cut off: they blow up at the end, and would hide the rest.
MOST_GROWTH = 1.5


def show_rate(view: RateView) -> None:
    """What was found in words, and the curve."""
    ui.label(
        f"{view.rate:g} is a tenth of {view.lowest:.2g}, where the smoothed loss was lowest. {len(view.rates)} steps "
        f"of batch {view.batch} in {view.seconds:.0f} s."
    ).classes("digits-soft digits-small")
    chart = CurvesChart("Loss at each rate", x_name="learning rate", height="15rem", controls=False)
    options = chart.chart.options
    options["xAxis"]["type"] = "log"
    losses = options["yAxis"][0]
    losses["max"] = MOST_GROWTH * view.smoothed[0]
    losses["axisLabel"] = {**losses["axisLabel"], "showMaxLabel": False}
    chart.show(
        [
            Curve("each step", tuple(zip(view.rates, view.losses, strict=True)), dashed=True),
            Curve("smoothed", tuple(zip(view.rates, view.smoothed, strict=True))),
        ]
    )
    options["series"][-1]["markLine"] = _marks(view)
    chart.chart.props["aria-label"] = f"Loss at each rate: lowest at {view.lowest:.2g}, {view.rate:g} is taken"
    chart.chart.update()


def _marks(view: RateView) -> dict[str, Any]:
    """Upright lines at the rate that is taken and at the one where the loss was lowest."""
    # Their names lie on either side, so that they are legible on a phone too.
    named = ((f"take {view.rate:g}", view.rate, "solid", "right"), ("lowest", view.lowest, "dotted", "left"))
    return {
        "symbol": "none",
        "silent": True,
        # Rates are told apart by more than the two decimals that are usual.
        "precision": 12,
        "data": [
            {
                "name": name,
                "xAxis": rate,
                "lineStyle": {"type": line},
                "label": {"formatter": name, "color": "inherit", "align": side},
            }
            for name, rate, line, side in named
        ],
    }
