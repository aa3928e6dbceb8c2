"""A network drawn, with zoom and pan, and the table of its layers."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

from digits_core.service.views.networks import NetworkView, SketchView
from digits_core.units import format_count

_MOVING = Path(__file__).with_name("drawing.js").read_text(encoding="utf-8")


class Drawing:
    """What a network looks like; drawn only while somebody wants to see it."""

    def __init__(self) -> None:
        self._sketch: SketchView | None = None
        self._drawn = ""
        with ui.element("div").classes("digits-row"):
            self._size = ui.label().classes("digits-number").props("role=status").style("margin-right: auto")
            self._open = ui.button("Visualise", icon="account_tree", on_click=self._turn)
            self._open.props("outline no-caps aria-expanded=false")
        with ui.element("div").classes("digits-stack digits-full") as self._whole:
            buttons = ui.element("div").classes("digits-row")
            self._box = ui.html("", sanitize=False).classes("digits-drawing digits-full")
            self._box.props('tabindex=0 role=img aria-label="The network as a drawing"')
            with buttons:
                self._button("zoom_in", "Zoom in", "zoom(1.25)")
                self._button("zoom_out", "Zoom out", "zoom(0.8)")
                self._button("fit_screen", "Fit", "fit()")
                ui.label("Drag to move, Ctrl and wheel to zoom.").classes("digits-soft digits-small")
                ui.space()
                ui.button("SVG", icon="download", on_click=self._download).props("flat no-caps dense")
            self._table = ui.element("div").classes("digits-full")
        self._whole.visible = False

    def show(self, sketch: SketchView | None) -> None:
        """This is the network now; one with mistakes leaves the drawing as it was."""
        self._open.set_enabled(bool(sketch and sketch.network))
        self._size.text = told(sketch)
        wrong = bool(sketch and sketch.mistakes)
        self._size.classes(add="digits-bad" if wrong else "", remove="" if wrong else "digits-bad")
        if sketch is not None and sketch.network is not None:
            self._sketch = sketch
            self._draw()

    def _turn(self) -> None:
        self._whole.visible = not self._whole.visible
        self._open.props(f"aria-expanded={'true' if self._whole.visible else 'false'}")
        self._open.text = "Hide drawing" if self._whole.visible else "Visualise"
        self._draw()

    def _draw(self) -> None:
        sketch = self._sketch
        if not self._whole.visible or sketch is None or sketch.network is None or sketch.drawing == self._drawn:
            return
        self._drawn = sketch.drawing
        self._box.content = sketch.drawing
        ui.run_javascript(f"setTimeout(() => ({_MOVING.strip().rstrip(';')})('c{self._box.id}'), 50)")
        self._table.clear()
        with self._table:
            layer_table(sketch.network)

    def _button(self, icon: str, label: str, action: str) -> None:
        button = ui.button(icon=icon).props(f'flat round dense aria-label="{label}"').tooltip(label)
        button.on("click", js_handler=f"() => document.getElementById('c{self._box.id}').digits?.{action}")

    def _download(self) -> None:
        if self._sketch and self._sketch.network:
            ui.download.content(self._sketch.drawing, f"{self._sketch.network.name}.svg", "image/svg+xml")


def layer_table(network: NetworkView) -> None:
    """Every layer with its output, parameters and FLOPs."""
    columns = [
        {"name": "name", "label": "Layer", "field": "name", "align": "left"},
        {"name": "op", "label": "Operation", "field": "op", "align": "left"},
        {"name": "inputs", "label": "Takes", "field": "inputs", "align": "left"},
        {"name": "output", "label": "Output", "field": "output", "align": "left"},
        {"name": "parameters", "label": "Parameters", "field": "parameters", "sortable": True},
        {"name": "flops", "label": "FLOPs", "field": "flops", "sortable": True},
    ]
    for column in columns[-2:]:
        column[":format"] = "value => value ? value.toLocaleString() : ''"
    rows = [
        {
            "name": layer.name,
            "op": layer.op,
            "inputs": ", ".join(layer.inputs),
            "output": " × ".join(map(str, layer.output)),
            "parameters": layer.parameters,
            "flops": layer.flops,
        }
        for layer in network.layers
    ]
    table = ui.table(columns=columns, rows=rows, row_key="name", pagination=15).classes("digits-table digits-full")
    table.props("flat dense")


def told(sketch: SketchView | None) -> str:
    """How large a network is, or why it is none."""
    if sketch is None:
        return ""
    if sketch.network is not None:
        parameters, flops = format_count(sketch.network.parameters), format_count(sketch.network.flops)
        return f"{sketch.network.name}: {parameters} parameters · {flops} FLOPs a picture"
    wrong = sketch.mistakes
    if wrong and wrong[0].line is None and len(wrong) == 1:
        return wrong[0].message
    return f"{len(wrong)} mistake{'s' if len(wrong) != 1 else ''}"
