"""What training makes of pictures by chance, seen before it trains."""

from __future__ import annotations

import json
from typing import Any

from nicegui import ui

from digits_core.spec.augment import Augmentation
from digits_web.parts.addresses import address

_CHOICES = {
    "flip": {"none": "no", "lr": "left to right", "ud": "upside down", "both": "both"},
    "turn": {"none": "no", "90": "0, 90 or 270°", "180": "0 or 180°", "all": "any quarter"},
}
#: With the label of each.
_NUMBERS = {
    "rotate": "Rotate, degrees",
    "scale": "Scale, σ",
    "brightness": "Brightness",
    "contrast": "Contrast",
    "saturation": "Saturation",
    "hue": "Hue",
    "noise": "Noise, σ",
    "cutout": "Cutout, pixels",
    "randaugment": "RandAugment, operations",
}
_OF_COLOUR = ("saturation", "hue")


class Augmented:
    """Fields of the augmentations, and a sheet with a few pictures in their first epochs.

    Args:
        dataset: ``NAME@VERSION``.
        colour: Whether its pictures have any.
    """

    def __init__(self, dataset: str, *, colour: bool) -> None:
        self._dataset = dataset
        self._data: dict[str, Any] = {"augment": {"flip": "lr", "rotate": 15}}
        self._seed = self._crop = 0
        with ui.element("div").classes("digits-card digits-page"):
            ui.label("What a job makes of the same pictures, epoch by epoch.").classes("digits-soft")
            with ui.element("div").classes("digits-fields digits-full"):
                self._choices()
                for key, label in _NUMBERS.items():
                    if colour or key not in _OF_COLOUR:
                        self._number(key, label)
                ui.number("Seed", value=0, min=0, format="%d", on_change=self._seeded).props("debounce=300")
            self._image = ui.element("img").classes("digits-sheet").props('alt="Pictures as training sees them"')
            self._image.on("error", self._refused)
            self._problem = ui.label("These cannot be drawn together: see the explanation of each.").props("role=alert")
        self._draw()

    def _choices(self) -> None:
        for key, choices in _CHOICES.items():
            value = self._data["augment"].get(key, "none")
            select = ui.select(choices, label=key.capitalize(), value=value)
            select.on_value_change(lambda event, key=key: self._set(key, event.value, "none"))
            select.tooltip(_explanation(key))

    def _number(self, key: str, label: str) -> None:
        value = self._data["augment"].get(key, 0)
        field = ui.number(label, value=value, min=0, format="%g").props("debounce=300")
        field.on_value_change(lambda event: self._set(key, event.value, 0))
        field.tooltip(_explanation(key))

    def _set(self, key: str, value: Any, default: Any) -> None:
        whole = isinstance(value, float) and value.is_integer()
        self._data["augment"][key] = default if value is None else int(value) if whole else value
        self._draw()

    def _seeded(self, event: Any) -> None:
        self._seed = int(event.value or 0)
        self._draw()

    def _refused(self) -> None:
        self._problem.set_visibility(True)

    def _draw(self) -> None:
        self._problem.set_visibility(False)
        asked = {"data": json.dumps(self._data), "seed": self._seed}
        self._image.props["src"] = address(f"/datasets/{self._dataset}/augmented", asked)


def _explanation(key: str) -> str:
    return (Augmentation.model_fields[key].description or "").partition("\n\n")[0]
