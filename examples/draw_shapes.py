"""Draw circles, squares and triangles into one folder per class: pictures to try DIGITS with, offline.

Usage: python examples/draw_shapes.py FOLDER [PICTURES PER CLASS]
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 32
SHAPES = {"circle": 0, "square": 4, "triangle": 3}


def draw(shape: str, chance: random.Random) -> Image.Image:
    """One light shape of random place, size, slant and brightness on a darker ground."""
    ground, light = chance.randrange(0, 90), chance.randrange(130, 256)
    picture = Image.new("L", (SIZE, SIZE), ground)
    radius = chance.uniform(7, 12)
    x, y = (chance.uniform(SIZE / 2 - 3, SIZE / 2 + 3) for _ in range(2))
    pencil = ImageDraw.Draw(picture)
    if shape == "circle":
        pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)
    else:
        pencil.regular_polygon((x, y, radius), SHAPES[shape], rotation=chance.uniform(-15, 15), fill=light)
    return picture


def main(folder: Path, count: int) -> None:
    """Draw ``count`` pictures of every shape below ``folder``."""
    chance = random.Random(1)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            draw(shape, chance).save(folder / shape / f"{number:04}.png")
    print(f"{count} pictures of each of {', '.join(SHAPES)} in {folder}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 300)
