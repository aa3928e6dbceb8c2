"""Draw the pictures of the explanations: numbered boxes, row after row. Run by ``make docs``."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from digits_core.graph import draw as network
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.service.networks import build_network

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT, GAP, MARGIN = 176, 74, 40, 16

#: What the dataset of the tutorial tells a network.
SHAPES = NetworkInput(channels=1, height=28, width=28, classes=3)
#: Rows of boxes (number, title, place, colour); arrows lead from each box to the next.
DATA_PATH = [
    [
        ("1", "Source", "files, lists, IDX", "#dbeafe"),
        ("2", "Select and split", "by class and seed", "#dbeafe"),
        ("3", "Decode, resize", "threads of Pillow", "#dbeafe"),
        ("4", "Shards", "Arrow, mean, digest", "#dbeafe"),
    ],
    [
        ("5", "Sampler", "seed, epoch → order", "#dcfce7"),
        ("6", "Loader", "step → uint8 batch", "#dcfce7"),
        ("7", "Prefetch", "ahead of the loop", "#dcfce7"),
        ("8", "Step", "cast, mean, scale, train", "#fef3c7"),
    ],
    [("9", "Validation", "each sample once", "#fef3c7")],
]
LIFE = [
    [
        ("1", "Request", "flags, YAML → spec", "#dbeafe"),
        ("2", "Resolve", "names → things", "#dbeafe"),
        ("3", "Dataset", "pictures → shards", "#dbeafe"),
        ("4", "Graph", "every shape known", "#dbeafe"),
    ],
    [
        ("5", "Worker", "knows a folder only", "#dcfce7"),
        ("6", "Program", "torch, jax, tensorflow", "#fef3c7"),
        ("7", "Loop", "step, validate, save", "#dcfce7"),
        ("8", "Journal", "facts, followed live", "#dcfce7"),
    ],
    [("9", "Classify", "any snapshot", "#fce7f3")],
]


def draw(rows: list[list[tuple[str, str, str, str]]], title: str) -> str:
    """An SVG of ``rows``."""
    columns = max(map(len, rows))
    width = columns * (WIDTH + GAP) - GAP + 2 * MARGIN
    height = len(rows) * (HEIGHT + GAP) - GAP + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for row, boxes in enumerate(rows):
        for column, box in enumerate(boxes):
            x, y = MARGIN + column * (WIDTH + GAP), MARGIN + row * (HEIGHT + GAP)
            parts += _box(x, y, *box)
            if column + 1 < len(boxes):
                parts.append(_arrow(f"M{x + WIDTH} {y + HEIGHT / 2} h{GAP - 3}"))
            elif row + 1 < len(rows):
                left = MARGIN + WIDTH / 2
                turn = y + HEIGHT + GAP / 2
                parts.append(_arrow(f"M{x + WIDTH / 2} {y + HEIGHT} V{turn} H{left} V{y + HEIGHT + GAP - 3}"))
    return "\n".join([*parts, "</svg>", ""])


def _box(x: float, y: float, number: str, title: str, place: str, colour: str) -> list[str]:
    middle = x + WIDTH / 2
    return [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{colour}" stroke="#64748b"/>',
        f'<circle cx="{x + 5}" cy="{y + 5}" r="11" fill="#0f172a"/>',
        f'<text x="{x + 5}" y="{y + 10}" font-size="13" fill="#ffffff" text-anchor="middle">{number}</text>',
        f'<text x="{middle}" y="{y + 33}" font-size="16" font-weight="bold" '
        f'text-anchor="middle">{escape(title)}</text>',
        f'<text x="{middle}" y="{y + 57}" font-size="13" fill="#334155" text-anchor="middle">{escape(place)}</text>',
    ]


def _arrow(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#64748b" stroke-width="2" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "data-path.svg").write_text(draw(DATA_PATH, "The data path"))
    (PICTURES / "life-of-a-job.svg").write_text(draw(LIFE, "The life of a job"))
    (PICTURES / "lenet.svg").write_text(network.draw(build_network("lenet", SHAPES, discover().network_families)).svg())
