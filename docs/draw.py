"""Draw the pictures of the explanations: numbered boxes, row after row. Run by ``make docs``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw

from digits_core.dataset.create import create_dataset
from digits_core.dataset.opened import open_dataset
from digits_core.graph import draw as network
from digits_core.graph.graph import NetworkInput
from digits_core.hooks.registry import discover
from digits_core.service.exploring import explore_augmented
from digits_core.service.networks import build_network
from digits_core.spec.dataset import ClassLimits, DatasetSpec

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT, GAP, MARGIN = 176, 74, 40, 16

EVERY = ClassLimits(min_per_class=1)
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


def scene(number: int, horizon: int) -> Image.Image:
    """A house, a tree or a boat under the sun, 64 × 64."""
    image = Image.new("RGB", (64, 64), (135, 206, 235))
    pen = ImageDraw.Draw(image)
    pen.ellipse((44, 5, 56, 17), fill=(255, 214, 0))
    pen.rectangle((0, horizon, 64, 64), fill=((88, 160, 72), (88, 160, 72), (30, 100, 190))[number])
    if number == 0:
        pen.rectangle((14, 28, 42, horizon + 6), fill=(196, 92, 60))
        pen.polygon(((10, 28), (28, 12), (46, 28)), fill=(110, 50, 40))
        pen.rectangle((25, 38, 33, horizon + 6), fill=(250, 230, 180))
    elif number == 1:
        pen.rectangle((23, 34, 29, horizon + 6), fill=(110, 70, 40))
        pen.ellipse((8, 8, 44, 40), fill=(20, 110, 50))
    else:
        pen.polygon(((10, 44), (50, 44), (42, 54), (18, 54)), fill=(120, 60, 30))
        pen.polygon(((30, 8), (30, 42), (50, 42)), fill=(250, 250, 250))
        pen.polygon(((27, 14), (27, 42), (12, 42)), fill=(235, 90, 80))
    return image


def augmented() -> Image.Image:
    """The contact sheet of the guide to augmentation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, label in enumerate(("house", "tree", "boat")):
            (folder / "scenes" / label).mkdir(parents=True)
            scene(number, 46).save(folder / "scenes" / label / "one.png")
        spec = DatasetSpec(name="scenes", paths=(folder / "scenes",), width=64, height=64, val=0, limits=EVERY)
        create_dataset(spec, folder / "dataset", discover().dataset_sources)
        options = {"flip": "lr", "rotate": 10, "area": (0.5, 1), "hsv": (0.02, 0.1, 0.1), "cutout": 16}
        return explore_augmented(
            open_dataset(folder / "dataset"), {"crop": 56, "augment": options}, seed=0, plugins=discover()
        )


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "data-path.svg").write_text(draw(DATA_PATH, "The data path"))
    (PICTURES / "life-of-a-job.svg").write_text(draw(LIFE, "The life of a job"))
    augmented().save(PICTURES / "augmented.png", optimize=True)
    (PICTURES / "lenet.svg").write_text(network.draw(build_network("lenet", SHAPES, discover().network_families)).svg())
